using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Statistics;

/// <summary>What the runtime held when it was last listed, for those who would otherwise ask it again. Any thread may read.</summary>
internal sealed class RuntimeView
{
    private volatile State state = new([], []);

    public IReadOnlyList<PodSandbox> Sandboxes => state.Sandboxes;

    public IReadOnlyList<Container> Containers => state.Containers;

    public IEnumerable<Container> RunningIn(string podUid) => Containers.Where(container =>
        container.State == ContainerState.ContainerRunning && container.Labels.GetValueOrDefault(RuntimeLabels.PodUid, "") == podUid);

    public void Set(IReadOnlyList<PodSandbox> sandboxes, IReadOnlyList<Container> containers) => state = new State(sandboxes, containers);

    private sealed record State(IReadOnlyList<PodSandbox> Sandboxes, IReadOnlyList<Container> Containers);
}
