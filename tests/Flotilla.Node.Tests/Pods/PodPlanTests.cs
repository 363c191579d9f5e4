using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Tests.Pods;

public sealed class PodPlanTests
{
    private readonly Verdicts verdicts = new();

    [Fact]
    public void A_new_pod_gets_a_sandbox_first()
    {
        var plan = PodPlan.For(Pod("Always", "a"), new ObservedPod([], [], []), verdicts);
        Assert.True(plan.CreateSandbox);
        Assert.Empty(plan.Start);
    }

    [Fact]
    public void All_containers_start_together() =>
        Assert.Equal(["a", "b"], Starts(Pod("Always", "a", "b")));

    [Fact]
    public void Init_containers_run_one_after_the_other()
    {
        var pod = Pod("Always", "a");
        pod.Spec.InitContainers = [new V1Container { Name = "i1" }, new V1Container { Name = "i2" }];
        Assert.Equal(["i1"], Starts(pod));
        Assert.Empty(Starts(pod, Running("i1")));
        Assert.Equal(["i2"], Starts(pod, Exited("i1", 0)));
        Assert.Equal(["i1"], Starts(pod, Exited("i1", 1)));
        Assert.Equal(["a"], Starts(pod, Exited("i1", 0), Exited("i2", 0)));
    }

    [Fact]
    public void A_failed_init_container_ends_a_pod_that_never_restarts()
    {
        var pod = Pod("Never", "a");
        pod.Spec.InitContainers = [new V1Container { Name = "i" }];
        Assert.True(Plan(pod, Exited("i", 1)).StopPod);
    }

    [Fact]
    public void Containers_wait_for_a_sidecar_that_has_not_started()
    {
        var pod = Pod("Never", "a");
        pod.Spec.InitContainers = [new V1Container { Name = "s", RestartPolicy = "Always" }];
        Assert.Equal(["s"], Starts(pod));
        verdicts.Started = false;
        Assert.Empty(Starts(pod, Running("s")));
        verdicts.Started = true;
        Assert.Equal(["a"], Starts(pod, Running("s")));
        Assert.True(Plan(pod, Running("s"), Exited("a", 0)).StopPod);
    }

    [Fact]
    public void An_ephemeral_container_starts_once_and_keeps_no_pod()
    {
        var pod = Pod("Never", "a");
        Assert.Equal(["a"], Starts(pod));
        pod.Spec.EphemeralContainers = [new V1EphemeralContainer { Name = "debug", Image = "busybox" }];
        Assert.Equal(["debug"], Starts(pod, Running("a")));
        Assert.Empty(Starts(pod, Running("a"), Running("debug")));
        Assert.Empty(Starts(pod, Running("a"), Exited("debug", 1)));
        Assert.True(Plan(pod, Exited("a", 0), Running("debug")).StopPod);
    }

    [Theory]
    [InlineData("Always", 0, true)]
    [InlineData("OnFailure", 0, false)]
    [InlineData("OnFailure", 1, true)]
    [InlineData("Never", 1, false)]
    public void The_restart_policy_decides(string policy, int exitCode, bool restarts)
    {
        var plan = Plan(Pod(policy, "a"), Exited("a", exitCode));
        Assert.Equal(restarts, plan.Start.Count == 1);
        Assert.Equal(!restarts, plan.StopPod);
    }

    [Fact]
    public void A_container_in_back_off_is_waited_for()
    {
        verdicts.Held = true;
        Assert.True(Plan(Pod("Always", "a"), Exited("a", 1)).IsEmpty);
    }

    [Fact]
    public void What_is_unhealthy_is_killed_with_the_reason()
    {
        verdicts.Fault = "Container a failed liveness probe, will be restarted";
        Assert.Equal(verdicts.Fault, Assert.Single(Plan(Pod("Always", "a"), Running("a")).Kill).Message);
    }

    [Fact]
    public void A_lost_sandbox_takes_what_runs_with_it_and_is_made_again()
    {
        var lost = new ObservedPod([new PodSandbox { Id = "s", State = PodSandboxState.SandboxNotready }], [Running("a")], []);
        var plan = PodPlan.For(Pod("Always", "a"), lost, verdicts);
        Assert.True(plan.StopPod);
        Assert.True(plan.CreateSandbox);
    }

    [Fact]
    public void A_container_that_is_to_be_another_is_replaced_whatever_the_policy()
    {
        var running = Running("a");
        running.Status.Annotations[RuntimeLabels.Hash] = "another";
        var plan = Plan(Pod("Never", "a"), running);
        Assert.Equal("Container a definition changed, will be restarted", Assert.Single(plan.Kill).Message);
        Assert.Equal("a", Assert.Single(plan.Start).Name);
    }

    private PodPlan Plan(V1Pod pod, params ObservedContainer[] containers) => PodPlan.For(
        pod, new ObservedPod([new PodSandbox { Id = "s", State = PodSandboxState.SandboxReady }], containers, ["192.0.2.1"]), verdicts);

    private IEnumerable<string> Starts(V1Pod pod, params ObservedContainer[] containers) => Plan(pod, containers).Start.Select(container => container.Name);

    private static V1Pod Pod(string policy, params string[] names) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "ns", Uid = "u" },
        Spec = new V1PodSpec { RestartPolicy = policy, Containers = [.. names.Select(name => new V1Container { Name = name })] },
    };

    private static ObservedContainer Running(string name) =>
        new(name, "s", name, 0, new ContainerStatus { State = ContainerState.ContainerRunning }, null);

    private static ObservedContainer Exited(string name, int code) =>
        new(name, "s", name, 0, new ContainerStatus { State = ContainerState.ContainerExited, ExitCode = code }, null);

    private sealed class Verdicts : IContainerVerdicts
    {
        public bool Started { get; set; } = true;

        public bool Held { get; set; }

        public string? Fault { get; set; }

        public bool IsStarted(V1Container container, ObservedContainer current) => Started;

        public string? Unhealthy(ObservedContainer current) => Fault;

        public bool IsHeld(V1Container container) => Held;
    }
}
