using Flotilla.Client;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Cluster;

/// <summary>One control loop over Swarm's objects.</summary>
internal abstract class SwarmReconciler(SwarmContext context, SwarmInformers known, string name, int workers, ILogger logger)
    : Reconciler(context.Client, name, workers, context.Time, logger)
{
    protected SwarmContext Context => context;

    protected SwarmInformers Known => known;

    protected override Task WaitForSyncAsync(CancellationToken cancellationToken) => known.WaitForSyncAsync(cancellationToken);
}
