using Flotilla.Conformance.Live;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>How a container's end is told: its last words, its exit code and what follows from it.</summary>
public sealed class TerminationTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("echo -n DONE; exit 0", "terminationMessagePolicy: FallbackToLogsOnError", "")]
    [InlineData("echo -n OK > /dev/termination-log; echo DONE; exit 0", "terminationMessagePolicy: FallbackToLogsOnError", "OK")]
    [InlineData("echo -n DONE; exit 1", "terminationMessagePolicy: FallbackToLogsOnError", "DONE")]
    [InlineData("echo -n DONE > /dev/termination-custom-log", "terminationMessagePath: /dev/termination-custom-log, securityContext: {runAsUser: 10000}", "DONE")]
    public async Task Last_words_are_read_where_the_pod_says(string script, string container, string expected)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Once("words", script, container));
        Assert.Equal(expected, End(await space.EndedPodAsync("words")).Message ?? "");
    }

    [Theory]
    [InlineData("Always", 0, 1, null)]
    [InlineData("OnFailure", 1, 1, null)]
    [InlineData("OnFailure", 0, 0, "Succeeded")]
    [InlineData("Never", 1, 0, "Failed")]
    public async Task An_exit_leads_where_the_restart_policy_says(string policy, int code, int restarts, string? phase)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("exits", PodYaml.Container("main", $"exit {code}"), $"restartPolicy: {policy}"));
        var pod = await space.PodAsync("exits", pod => phase is null ? pod.Status.ContainerStatuses?[0].RestartCount >= restarts : pod.Status.Phase == phase);
        var status = pod.Status.ContainerStatuses[0];
        var end = status.State.Terminated ?? status.LastState.Terminated;
        Assert.Equal((code, code == 0 ? "Completed" : "Error"), (end.ExitCode, end.Reason));
        Assert.True(phase is null || !status.Ready);
    }

    [Fact]
    public async Task A_command_that_always_fails_has_a_reason_and_can_be_deleted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("fails", "{name: main, image: my-image, imagePullPolicy: Never, command: [/bin/false]}"));
        var pod = await space.PodAsync("fails", pod => pod.Status.ContainerStatuses?[0] is { } status && (status.State.Terminated ?? status.LastState.Terminated) is not null);
        Assert.Equal("Error", (pod.Status.ContainerStatuses[0].State.Terminated ?? pod.Status.ContainerStatuses[0].LastState.Terminated).Reason);
        await space.KubectlAsync("delete", "pod", "fails", "--timeout=20s");
        Assert.Contains("NotFound", (await space.KubectlAsync("get", "pod", "fails")).All, StringComparison.Ordinal);
    }

    private static V1ContainerStateTerminated End(V1Pod pod) => pod.Status.ContainerStatuses[0].State.Terminated;
}
