using Flotilla.Client;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>What plugins that talk to the cluster get when they are made.</summary>
/// <param name="Client">null when there is no cluster to talk to: decisions are only tried out.</param>
/// <param name="Informers">Shared caches, for PreBind steps that wait for a change.</param>
public sealed record PluginContext(IObjectClient? Client, InformerSet? Informers, TimeProvider Time)
{
    public static readonly PluginContext Offline = new(null, null, TimeProvider.System);
}
