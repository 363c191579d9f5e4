using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Batching;

/// <summary>A rule that can say which parts of a pod its answers depend on.</summary>
public interface ISigningPlugin : IPlugin
{
    /// <summary>Adds everything of the pod that its answers about a node depend on.</summary>
    /// <returns>False when they depend on more than such a pod and the node itself: then nothing is remembered for the pod.</returns>
    bool Sign(PodInfo pod, PodSignature signature);
}

/// <summary>A filter whose answer is the same for like pods until the node, or what is on it, changes.</summary>
public interface ILocalFilterPlugin : IFilterPlugin, ISigningPlugin;

/// <summary>
/// A score of which the same holds: other nodes have no part in it. (Those that compare nodes with each other, or that
/// count pods elsewhere, are worked out for every pod.)
/// </summary>
public interface ILocalScorePlugin : IScorePlugin, ISigningPlugin;
