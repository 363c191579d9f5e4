using System.Globalization;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Node.Tests.Live;

public sealed class RoomTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    private const int SlowGraceSeconds = 60;

    [Fact]
    public async Task A_pod_that_was_removed_by_force_leaves_its_room_though_it_has_not_ended()
    {
        await using var host = await AgentHost.StartAsync(node);
        var slow = host.Create(Asks("slow", SlowGraceSeconds));
        await host.UntilAsync(slow, current => current.Status.Phase == "Running");

        await host.Cluster.DeleteAsync<V1Pod>(slow.Key(), null, default);
        var next = host.Create(Asks("next", 1));
        await host.UntilAsync(next, current => current.Status.Phase == "Running");
        await host.RemoveAsync(next);
    }

    private static V1Pod Asks(string name, int graceSeconds) => AgentHost.Pod(name, spec =>
    {
        var most = (Environment.ProcessorCount * 1000 - 200).ToString(CultureInfo.InvariantCulture) + "m";
        spec.Containers[0].Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(most) } };
        spec.TerminationGracePeriodSeconds = graceSeconds;
    });
}
