using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>Parts of volumes whose names are made from variables.</summary>
public sealed class SubPathExpansionTests(LiveCluster cluster)
{
    private const string Volume = "volumes: [{name: work, emptyDir: {}}]";

    [Fact]
    public async Task A_variable_names_the_part_and_what_is_written_there_is_found_in_the_whole()
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(PodYaml.Once("expands", "test -d /whole/foo/expands && echo here > /part/file && cat /whole/foo/expands/file", Container("$(POD_NAME)", "foo/$(POD_NAME)"), Volume));
        Assert.Equal("here\n", log);
    }

    [Theory]
    [InlineData("..", "unable to provision SubPath `..`: must not contain '..'")]
    [InlineData("/absolute", "error SubPath `/absolute` must not be an absolute path")]
    public async Task Names_that_lead_out_of_the_volume_keep_the_container_from_starting(string value, string message)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Once("refused", "true", Container(value, "$(POD_NAME)"), Volume));
        var pod = await space.PodAsync("refused", pod => pod.Status.ContainerStatuses?[0].State.Waiting?.Reason == "CreateContainerConfigError");
        Assert.Equal(("Pending", message), (pod.Status.Phase, pod.Status.ContainerStatuses[0].State.Waiting.Message));
    }

    [Fact]
    public async Task Backticks_are_letters_of_a_name_and_mean_nothing_to_a_shell()
    {
        await using var space = await Space.CreateAsync(cluster);
        Assert.Equal("`hostname`\n", await space.OutputAsync(PodYaml.Once("letters", "ls /whole", Container("`hostname`", "$(POD_NAME)"), Volume)));
    }

    [Fact]
    public async Task What_failed_starts_when_the_variable_becomes_good()
    {
        await using var space = await Space.CreateAsync(cluster);
        var yaml = PodYaml.Server("mends", "env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['mysubpath']\"}}}], volumeMounts: [{name: work, mountPath: /part, subPathExpr: $(POD_NAME)}]", Volume);
        await space.CreatePodAsync(yaml.Replace("metadata: {", "metadata: {annotations: {mysubpath: /absolute}, ", StringComparison.Ordinal));
        await space.PodAsync("mends", pod => pod.Status.ContainerStatuses?[0].State.Waiting?.Reason == "CreateContainerConfigError");
        await space.Client.CoreV1.PatchNamespacedPodAsync(new V1Patch("""{"metadata":{"annotations":{"mysubpath":"mypath"}}}""", V1Patch.PatchType.MergePatch), "mends", space.Name);
        await space.ReadyPodAsync("mends");
    }

    private static string Container(string value, string expression) =>
        $"env: [{{name: POD_NAME, value: '{(value == "$(POD_NAME)" ? "expands" : value)}'}}], volumeMounts: [{{name: work, mountPath: /part, subPathExpr: {expression}}}, {{name: work, mountPath: /whole}}]";
}
