using Flotilla.Conformance.Live;
using k8s;

namespace Flotilla.Conformance.Node;

/// <summary>Hooks of a container's life, each seen by a server that they call.</summary>
public sealed class HookTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("postStart", true)]
    [InlineData("postStart", false)]
    [InlineData("preStop", true)]
    [InlineData("preStop", false)]
    public async Task A_hook_runs_at_its_time(string hook, bool isCommand)
    {
        await using var space = await Space.CreateAsync(cluster);
        // A web server that says what it was asked for.
        await space.CreatePodAsync(PodYaml.For("server", PodYaml.Container("main", "echo > /www/hook.html; httpd -f -vv -p 8080 -h /www")));
        var address = (await space.ReadyPodAsync("server")).Status.PodIP;
        var action = isCommand
            ? $"exec: {{command: [sh, -c, 'wget -q -O- http://{address}:8080/hook.html']}}"
            : $"httpGet: {{host: {address}, port: 8080, path: /hook.html}}";
        await space.CreatePodAsync(PodYaml.Server("hooked", $"lifecycle: {{{hook}: {{{action}}}}}", "terminationGracePeriodSeconds: 30"));
        await space.ReadyPodAsync("hooked");
        if (hook == "preStop")
        {
            await space.Client.CoreV1.DeleteNamespacedPodAsync("hooked", space.Name);
        }
        await space.LogAsync("server", null, "hook.html", 90);
    }
}
