using Flotilla.Swarm.Scheduling;

namespace Flotilla.Swarm.Tests.Scheduling;

public sealed class NoSuitableNodeTests
{
    [Theory]
    [InlineData("0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.", "no suitable node (insufficient resources on 1 node)")]
    [InlineData("0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't match Pod's node affinity/selector.", "no suitable node (insufficient resources on 1 node; scheduling constraints not satisfied on 2 nodes)")]
    [InlineData("0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.", "no suitable node (host-mode port already in use on 2 nodes)")]
    [InlineData("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.", "no suitable node (max replicas per node limit exceed)")]
    [InlineData("0/2 nodes are available: 2 node(s) were unschedulable.", "no suitable node (2 nodes not available for new tasks)")]
    public void Says_it_in_Swarms_words(string scheduler, string swarm) => Assert.Equal(swarm, NoSuitableNode.From(scheduler));
}
