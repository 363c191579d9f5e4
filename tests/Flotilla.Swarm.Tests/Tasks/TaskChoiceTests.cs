using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Tasks;
using Flotilla.Swarm.Tests.Services.Control;
using k8s.Models;

namespace Flotilla.Swarm.Tests.Tasks;

public sealed class TaskChoiceTests
{
    private static readonly V1Pod[] Tasks =
    [
        Pod("web", 2), Pod("web", 1, TaskState.Failed), Pod("web", 3, isStopping: true), Pod("web.api", 1), Pod("each", 0, node: "n1.example", forNode: "id-1"), Pod("each", 0, node: "n2", forNode: "id-2"),
    ];

    [Theory]
    [InlineData("web", "web", 2)]
    [InlineData("web.2", "web", 2)]
    [InlineData("web.2.task-2-60", "web", 2)]
    [InlineData("web.task-2-60", "web", 2)]
    [InlineData("web.api", "web.api", 1)]
    [InlineData("web.api.1", "web.api", 1)]
    public void A_task_is_named_by_its_service_and_slot(string word, string service, int slot)
    {
        var pod = TaskChoice.Find(Tasks, word)!;
        Assert.Equal((service, $"{slot}"), (pod.GetLabel(SwarmApi.ServiceNameLabel), pod.GetLabel(SwarmApi.Slot)));
    }

    [Theory]
    [InlineData("each", "n1.example")]
    [InlineData("each.n2", "n2")]
    [InlineData("each.n1.example", "n1.example")]
    [InlineData("each.id-2", "n2")]
    public void One_of_a_global_service_by_its_node(string word, string node) => Assert.Equal(node, TaskChoice.Find(Tasks, word)!.Spec.NodeName);

    [Theory]
    [InlineData("web.1")]
    [InlineData("web.3")]
    [InlineData("web.")]
    [InlineData("other")]
    [InlineData("each.0")]
    public void What_does_not_run_is_none(string word) => Assert.Null(TaskChoice.Find(Tasks, word));

    private static V1Pod Pod(string service, int slot, TaskState state = TaskState.Running, string node = "n1", string? forNode = null, bool isStopping = false)
    {
        var pod = Given.Task(Given.Service(), slot, state, node: node, forNode: forNode, isStopping: isStopping).Pod;
        pod.Metadata.Labels[SwarmApi.ServiceNameLabel] = service;
        return pod;
    }
}
