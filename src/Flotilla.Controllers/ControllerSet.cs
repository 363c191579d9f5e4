using Flotilla.Controllers.Autoscaling;
using Flotilla.Controllers.AttachDetach;
using Flotilla.Controllers.BootstrapTokens;
using Flotilla.Controllers.Certificates;
using Flotilla.Controllers.CronJobs;
using Flotilla.Controllers.DaemonSets;
using Flotilla.Controllers.Deployments;
using Flotilla.Controllers.Disruption;
using Flotilla.Controllers.GarbageCollection;
using Flotilla.Controllers.Jobs;
using Flotilla.Controllers.LoadBalancers;
using Flotilla.Controllers.Namespaces;
using Flotilla.Controllers.Nodes;
using Flotilla.Controllers.PersistentVolumes;
using Flotilla.Controllers.Protection;
using Flotilla.Controllers.ReplicaSets;
using Flotilla.Controllers.ReplicationControllers;
using Flotilla.Controllers.ResourceClaims;
using Flotilla.Controllers.ResourceQuotas;
using Flotilla.Controllers.RoleAggregation;
using Flotilla.Controllers.SeLinuxWarnings;
using Flotilla.Controllers.ServiceAccounts;
using Flotilla.Controllers.Services;
using Flotilla.Controllers.StatefulSets;
using Flotilla.Client.Services;
using Microsoft.Extensions.Hosting;

namespace Flotilla.Controllers;

/// <summary>All controllers. They start together, when the process leads, and stop together.</summary>
public sealed class ControllerSet : BackgroundService
{
    private static readonly Func<ControllerContext, Controller>[] Known =
    [
        context => new DeploymentController(context),
        context => new ReplicaSetController(context),
        context => new ReplicationControllerController(context),
        context => new DaemonSetController(context),
        context => new StatefulSetController(context),
        context => new JobController(context),
        context => new CronJobController(context),
        context => new JobTtlController(context),
        context => new HorizontalPodAutoscalerController(context),
        context => new EndpointSliceController(context),
        context => new EndpointsController(context),
        context => new EndpointSliceMirroringController(context),
        context => new ServiceRangeController(context),
        context => new ServiceAddressController(context),
        context => new LoadBalancerController(context),
        context => new ServiceAccountController(context),
        context => new RootCertificateController(context),
        context => new RoleAggregationController(context),
        context => new TokenSecretController(context),
        context => new LegacyTokenCleaner(context),
        context => new BootstrapTokenCleaner(context),
        context => new BootstrapSigner(context),
        context => new CertificateApprovingController(context),
        context => new CertificateSigningController(context),
        context => new CertificateCleaner(context),
        context => new NamespaceController(context),
        context => new NodeLifecycleController(context),
        context => new NodeTtlController(context),
        context => new NodeRangeController(context),
        context => new TaintEvictionController(context),
        context => new PodCollector(context),
        context => new ResourceQuotaController(context),
        context => new ResourceClaimController(context),
        context => new DeviceTaintEvictionController(context),
        context => new DisruptionController(context),
        context => new PersistentVolumeController(context),
        context => new AttachDetachController(context),
        context => new EphemeralVolumeController(context),
        context => new ExpansionController(context),
        context => new AttributesClassProtectionController(context),
        context => new ClaimProtectionController(context),
        context => new VolumeProtectionController(context),
        context => new GarbageCollector(context),
    ];

    private readonly Controller[] controllers;

    public ControllerSet(ControllerContext context)
    {
        controllers = [.. Known.Select(create => create(context)), .. context.Options.SeLinux is { } conflicts ? (Controller[])[new SeLinuxWarningController(context, conflicts)] : []];
    }

    public override void Dispose()
    {
        foreach (var controller in controllers)
        {
            controller.Dispose();
        }

        base.Dispose();
    }

    // A controller that fails ends the term: whoever leads next starts all of them.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => controllers.RunTogetherAsync(stoppingToken);
}
