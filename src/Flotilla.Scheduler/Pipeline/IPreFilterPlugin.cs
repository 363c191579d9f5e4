namespace Flotilla.Scheduler.Pipeline;

/// <summary>Looks at a pod before any node is: may reject it, or name the only nodes that come into question.</summary>
public interface IPreFilterPlugin : IPlugin
{
    PreFilterResult PreFilter(SchedulingCycle cycle);
}

/// <param name="Verdict">Rejects the pod whatever the node.</param>
/// <param name="NodeNames">The only nodes to look at; null for all.</param>
public readonly record struct PreFilterResult(Verdict Verdict, IReadOnlySet<string>? NodeNames = null)
{
    public static readonly PreFilterResult AllNodes;

    public static implicit operator PreFilterResult(Verdict verdict) => new(verdict);
}
