using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Client.Services;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Volumes.Local;

/// <summary>
/// The provisioner of local volumes, one on each node: makes a volume for claims whose first pod comes here, lets them grow,
/// and removes the data when the claim is gone. Keys with a namespace are claims, those without are volumes.
/// </summary>
internal sealed partial class LocalProvisioner : BackgroundService
{
    private readonly NodeOptions options;
    private readonly IObjectClient client;
    private readonly LocalStorage storage;
    private readonly Informer<V1PersistentVolumeClaim> claims;
    private readonly Informer<V1PersistentVolume> volumes;
    private readonly Informer<V1StorageClass> classes;
    private readonly EventRecorder events;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly ReconcileLoop loop;
    private readonly ILogger logger;

    public LocalProvisioner(NodeOptions options, IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        this.client = client;
        logger = loggers.CreateLogger<LocalProvisioner>();
        storage = new LocalStorage(options.LocalVolumesDirectory);
        claims = informers.Of<V1PersistentVolumeClaim>();
        volumes = informers.Of<V1PersistentVolume>();
        classes = informers.Of<V1StorageClass>();
        events = new EventRecorder(client, $"{LocalVolumes.Provisioner}_{options.NodeName}", time, logger);
        queue = new WorkQueue<ObjectKey>(time);
        loop = new ReconcileLoop("local-path-provisioner", queue, 4, ReconcileAsync, logger, WaitForSyncAsync);
    }

    public override void Dispose()
    {
        loop.Dispose();
        events.Dispose();
        queue.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        claims.Subscribe(change => queue.Add(change.Latest.Key()));
        volumes.Subscribe(change => queue.Add(change.Latest.Key()));
        await new BackgroundService[] { events, loop }.RunTogetherAsync(stoppingToken);
    }

    private Task WaitForSyncAsync(CancellationToken cancellationToken) => Task.WhenAll(
        claims.WaitForSyncAsync(cancellationToken), volumes.WaitForSyncAsync(cancellationToken), classes.WaitForSyncAsync(cancellationToken));

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (key.Namespace is null)
        {
            if (volumes.Get(key) is { } volume && LocalVolumes.IsOf(volume, options.NodeName, storage.Directory))
            {
                await FinishAsync(volume, cancellationToken);
            }
        }
        else if (claims.Get(key) is { } claim)
        {
            await ReconcileClaimAsync(claim, cancellationToken);
        }
    }

    private Task ReconcileClaimAsync(V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        var storageClass = classes.Get(new ObjectKey(null, claim.ClassName()));
        if (storageClass is not null && LocalVolumes.IsWanted(claim, storageClass, options.NodeName))
        {
            return ProvisionAsync(claim, storageClass, cancellationToken);
        }
        return claim.Status?.Phase == "Bound"
            && volumes.Get(new ObjectKey(null, claim.Spec.VolumeName)) is { } volume
            && LocalVolumes.IsOf(volume, options.NodeName, storage.Directory)
            ? new LocalExpansion(client, events).GrowAsync(claim, volume, cancellationToken)
            : Task.CompletedTask;
    }

    private async Task ProvisionAsync(V1PersistentVolumeClaim claim, V1StorageClass storageClass, CancellationToken cancellationToken)
    {
        if (volumes.Get(new ObjectKey(null, ProvisionedVolume.NameFor(claim))) is not null)
        {
            return;
        }
        events.Record(claim, "Normal", "Provisioning", $"External provisioner is provisioning volume for claim \"{claim.Key()}\"");
        if (LocalVolumes.Refusal(claim) is { } refusal)
        {
            events.Record(claim, "Warning", "ProvisioningFailed", $"failed to provision volume with StorageClass \"{storageClass.Metadata.Name}\": {refusal}");
            return;
        }
        var path = storage.Create(claim);
        try
        {
            var volume = await client.CreateAsync(LocalVolumes.For(claim, storageClass, options.NodeName, path), cancellationToken);
            events.Record(claim, "Normal", "ProvisioningSucceeded", $"Successfully provisioned volume {volume.Metadata.Name}");
            Log.Provisioned(logger, claim.Key(), path);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            await DropIfElsewhereAsync(claim, path, cancellationToken);
        }
    }

    // Another node was faster with a claim that any node may serve.
    private async Task DropIfElsewhereAsync(V1PersistentVolumeClaim claim, string path, CancellationToken cancellationToken)
    {
        var made = await client.GetAsync<V1PersistentVolume>(new ObjectKey(null, ProvisionedVolume.NameFor(claim)), cancellationToken);
        if (!LocalVolumes.IsOf(made, options.NodeName, storage.Directory))
        {
            LocalStorage.Delete(path);
        }
    }

    /// <summary>The end of a volume: its data goes with the policy Delete once no claim has it; with Retain only our hold on it does.</summary>
    private async Task FinishAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var isDeleting = volume.Metadata.DeletionTimestamp is not null;
        var deletes = volume.Spec.PersistentVolumeReclaimPolicy == "Delete";
        if (deletes && volume.Status?.Phase is "Released" or "Failed")
        {
            LocalStorage.Delete(volume.Spec.Local.Path);
            if (!isDeleting)
            {
                var same = new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = volume.Metadata.Uid } };
                await client.DeleteAsync<V1PersistentVolume>(volume.Key(), same, cancellationToken);
                return;
            }
            Log.Deleted(logger, volume.Metadata.Name, volume.Spec.Local.Path);
        }
        if (isDeleting && volume.Status?.Phase != "Bound" && volume.Metadata.Finalizers?.Contains(LocalVolumes.Finalizer) == true)
        {
            var others = volume.Metadata.Finalizers.Where(name => name != LocalVolumes.Finalizer).ToList();
            await client.UpdateAsync(
                volume with { ApiVersion = "v1", Kind = "PersistentVolume", Metadata = volume.Metadata with { Finalizers = others } }, cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Made a volume for claim {Claim} at {Path}")]
        public static partial void Provisioned(ILogger logger, ObjectKey claim, string path);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Deleted volume {Volume} with its data at {Path}")]
        public static partial void Deleted(ILogger logger, string volume, string path);
    }
}
