using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Tests.Live;

public sealed class CriticalPodTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task A_critical_pod_takes_the_place_of_one_that_is_not()
    {
        await using var host = await AgentHost.StartAsync(node);
        var most = (Environment.ProcessorCount * 1000 - 200).ToString(CultureInfo.InvariantCulture) + "m";
        var pod = host.Create(Asks("filler", most));
        await host.UntilAsync(pod, current => current.Status.Phase == "Running");

        var plain = host.Create(Asks("plain", most));
        Assert.Equal("OutOfcpu", (await host.UntilAsync(plain, current => current.Status.Phase == "Failed")).Status.Reason);

        var critical = Asks("critical", most);
        critical.Spec.Priority = 2_000_000_000;
        critical = host.Create(critical);
        await host.UntilAsync(critical, current => current.Status.Phase == "Running");
        var gone = await host.UntilAsync(pod, current => current.Status.Phase == "Failed");
        Assert.Equal(("Preempting", "Preempted in order to admit critical pod"), (gone.Status.Reason, gone.Status.Message));
        Assert.Equal("TerminationByKubelet", gone.Status.Conditions.Single(condition => condition.Type == "DisruptionTarget").Reason);
        Assert.Contains(host.Events(pod), text => text.StartsWith("Warning Preempting Preempted in order to admit critical pod", StringComparison.Ordinal));

        var second = Asks("second", most);
        second.Spec.Priority = 2_000_000_000;
        second = host.Create(second);
        Assert.Equal("UnexpectedAdmissionError", (await host.UntilAsync(second, current => current.Status.Phase == "Failed")).Status.Reason);
        foreach (var each in new[] { pod, plain, critical, second })
        {
            await host.RemoveAsync(each);
        }
    }

    private static V1Pod Asks(string name, string cpu) => AgentHost.Pod(
        name, spec => spec.Containers[0].Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) } });
}
