using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Node;

/// <summary>An image's entrypoint <c>/bin/serve</c> and what a pod puts in its place.</summary>
public sealed class CommandTests(LiveCluster cluster)
{
    private const string Image = "name: main, image: my-image, imagePullPolicy: Never";

    [Theory]
    [InlineData("", "/bin/serve")]
    [InlineData("args: [one, two]", "/bin/serve one two")]
    [InlineData("command: [sh, -c, 'sleep 60; :']", "sleep 60; :")]
    [InlineData("command: [sh, -c, 'sleep 60; :', zero], args: [one]", "sleep 60; : zero one")]
    public async Task Command_and_arguments_override_the_images(string container, string expected)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("command", $"{{{Image}{(container.Length > 0 ? ", " : "")}{container}}}"));
        await space.ReadyPodAsync("command");
        Assert.EndsWith(expected, (await space.ShellAsync("command", "tr '\\000' ' ' < /proc/1/cmdline")).Trim(), StringComparison.Ordinal);
    }
}
