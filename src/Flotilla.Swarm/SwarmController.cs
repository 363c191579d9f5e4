using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Services;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Members;
using Flotilla.Swarm.Networks.Attachments;
using Flotilla.Swarm.Networks.Isolation;
using Flotilla.Swarm.Secrets;
using Flotilla.Swarm.Services.Autoscaling;
using Flotilla.Swarm.Services.Control;
using Flotilla.Swarm.Services.Endpoints;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm;

/// <summary>Swarm's controllers. They run once in a cluster, from the moment it is in swarm mode for the first time.</summary>
public sealed class SwarmController(SwarmOptions options, IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers) : BackgroundService
{
    private readonly SwarmContext context = new(client, informers, options, time, NobodyAsks);

    // Controllers answer nobody: what they have not heard of yet they hear of later.
    private static Task<IReadOnlyList<long>> NobodyAsks(IReadOnlyList<ResourceType> resources, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<long>>([.. resources.Select(_ => 0L)]);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var known = await context.Cluster.KnownAsync(stoppingToken);
            using var services = new ServiceController(context, known, loggers.CreateLogger<ServiceController>());
            using var endpoints = new EndpointController(context, known, loggers.CreateLogger<EndpointController>());
            using var isolation = new IsolationController(context, known, loggers.CreateLogger<IsolationController>());
            using var attachments = new AttachmentController(context, known, loggers.CreateLogger<AttachmentController>());
            using var payloads = new PayloadController(context, known, loggers.CreateLogger<PayloadController>());
            using var autoscaling = new AutoscaleController(context, known, loggers.CreateLogger<AutoscaleController>());
            await context.Cluster.RefreshAsync(stoppingToken);
            using var members = new MembershipController(context, known, loggers.CreateLogger<MembershipController>());
            await new BackgroundService[] { services, endpoints, isolation, attachments, payloads, autoscaling, members }.RunTogetherAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }
}
