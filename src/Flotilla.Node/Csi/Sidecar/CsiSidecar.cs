using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Client.Services;
using Flotilla.Node.Volumes;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Csi.Sidecar;

/// <summary>
/// What drivers usually bring helper containers for, done by the node itself: volumes are made, attached, grown and deleted, and their room told, by
/// the controller service of the driver here. Only for drivers whose CSIDriver object asks for it by <see cref="Mark"/>, as two
/// helpers of one driver would get into each other's way. Keys with a namespace are claims; attachments have a queue of their own.
/// </summary>
internal sealed class CsiSidecar : BackgroundService
{
    public const string Mark = "flotilla.dev/built-in-sidecars";
    private static readonly TimeSpan RetryUnknown = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CapacityInterval = TimeSpan.FromMinutes(1);
    private readonly CsiDrivers drivers;
    private readonly Informer<V1PersistentVolumeClaim> claims;
    private readonly Informer<V1PersistentVolume> volumes;
    private readonly Informer<V1StorageClass> classes;
    private readonly Informer<V1VolumeAttachment> attachments;
    private readonly Informer<V1CSIDriver> described;
    private readonly EventRecorder events;
    private readonly WorkQueue<ObjectKey> storageQueue;
    private readonly WorkQueue<ObjectKey> attachmentQueue;
    private readonly WorkQueue<ObjectKey> capacityQueue;
    private readonly ReconcileLoop storageLoop;
    private readonly ReconcileLoop attachmentLoop;
    private readonly ReconcileLoop capacityLoop;
    private readonly CsiCapacity capacity;
    private readonly CsiProvisioner provisioner;
    private readonly CsiAttacher attacher;
    private readonly string nodeName;

    public CsiSidecar(NodeOptions options, IObjectClient client, InformerSet informers, CsiDrivers drivers, TimeProvider time, ILoggerFactory loggers)
    {
        this.drivers = drivers;
        nodeName = options.NodeName;
        var logger = loggers.CreateLogger<CsiSidecar>();
        claims = informers.Of<V1PersistentVolumeClaim>();
        volumes = informers.Of<V1PersistentVolume>();
        classes = informers.Of<V1StorageClass>();
        attachments = informers.Of<V1VolumeAttachment>();
        described = informers.Of<V1CSIDriver>();
        events = new EventRecorder(client, $"flotilla.dev/csi_{nodeName}", time, logger);
        provisioner = new CsiProvisioner(client, events);
        attacher = new CsiAttacher(client, volumes, time);
        capacity = new CsiCapacity(options, client);
        capacityQueue = new WorkQueue<ObjectKey>(time);
        capacityLoop = new ReconcileLoop("csi-capacity", capacityQueue, 1, ReconcileCapacityAsync, logger, WaitForSyncAsync);
        storageQueue = new WorkQueue<ObjectKey>(time);
        attachmentQueue = new WorkQueue<ObjectKey>(time);
        storageLoop = new ReconcileLoop("csi-provisioner", storageQueue, 4, ReconcileStorageAsync, logger, WaitForSyncAsync);
        attachmentLoop = new ReconcileLoop("csi-attacher", attachmentQueue, 4, ReconcileAttachmentAsync, logger, WaitForSyncAsync);
    }

    public override void Dispose()
    {
        capacityLoop.Dispose();
        capacityQueue.Dispose();
        storageLoop.Dispose();
        attachmentLoop.Dispose();
        storageQueue.Dispose();
        attachmentQueue.Dispose();
        events.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        claims.Subscribe(change => storageQueue.Add(change.Latest.Key()));
        volumes.Subscribe(change => storageQueue.Add(change.Latest.Key()));
        attachments.Subscribe(change => attachmentQueue.Add(change.Latest.Key()));
        classes.Subscribe(change => capacityQueue.Add(change.Latest.Key()));
        described.Subscribe(change => EnqueueClassesOf(change.Latest.Metadata.Name));
        await new BackgroundService[] { events, capacityLoop, storageLoop, attachmentLoop }.RunTogetherAsync(stoppingToken);
    }

    private Task WaitForSyncAsync(CancellationToken cancellationToken) => Task.WhenAll(
        claims.WaitForSyncAsync(cancellationToken), volumes.WaitForSyncAsync(cancellationToken), classes.WaitForSyncAsync(cancellationToken),
        attachments.WaitForSyncAsync(cancellationToken), described.WaitForSyncAsync(cancellationToken));

    private async Task ReconcileStorageAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (key.Namespace is not null)
        {
            await ReconcileClaimAsync(key, cancellationToken);
        }
        else if (volumes.Get(key) is { Status.Phase: "Released", Spec.PersistentVolumeReclaimPolicy: "Delete" } volume
            && volume.Metadata.Annotation(VolumeAnnotations.ProvisionedBy) is { } name
            && Serving(name, storageQueue, key) is { } driver)
        {
            await provisioner.DeleteAsync(volume, driver, cancellationToken);
        }
    }

    private async Task ReconcileClaimAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (claims.Get(key) is not { } claim || claim.Metadata.DeletionTimestamp is not null)
        {
            return;
        }
        if (claim.Status?.Phase == "Bound")
        {
            if (volumes.Get(new ObjectKey(null, claim.Spec.VolumeName)) is { Spec.Csi.Driver: { } name } volume && Serving(name, storageQueue, key) is { } owner)
            {
                await provisioner.GrowAsync(claim, volume, owner, cancellationToken);
            }
            return;
        }
        var storageClass = classes.Get(new ObjectKey(null, claim.ClassName()));
        var selected = claim.Metadata.Annotation(VolumeAnnotations.SelectedNode);
        if (storageClass is not null
            && string.IsNullOrEmpty(claim.Spec.VolumeName)
            && claim.Metadata.Annotation(VolumeAnnotations.Provisioner) == storageClass.Provisioner
            && (selected is null ? !storageClass.WaitsForConsumer() : selected == nodeName)
            && volumes.Get(new ObjectKey(null, ProvisionedVolume.NameFor(claim))) is null
            && Serving(storageClass.Provisioner, storageQueue, key) is { } driver)
        {
            await provisioner.CreateAsync(claim, storageClass, driver, cancellationToken);
        }
    }

    private async Task ReconcileAttachmentAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (attachments.Get(key) is { } attachment && attachment.Spec.NodeName == nodeName && Serving(attachment.Spec.Attacher, attachmentQueue, key) is { } driver)
        {
            await attacher.ReconcileAsync(attachment, driver, cancellationToken);
        }
    }

    /// <summary>A key is a class. What changes unseen, by others' volumes, is asked for now and then.</summary>
    private async Task ReconcileCapacityAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (classes.Get(key) is not { } storageClass)
        {
            await capacity.WithdrawAsync(key.Name, cancellationToken);
        }
        else if (described.Get(new ObjectKey(null, storageClass.Provisioner))?.Spec.StorageCapacity == true
            && Serving(storageClass.Provisioner, capacityQueue, key) is { } driver
            && await capacity.PublishAsync(storageClass, driver, cancellationToken))
        {
            capacityQueue.AddAfter(key, CapacityInterval);
        }
    }

    private void EnqueueClassesOf(string driver)
    {
        foreach (var storageClass in classes.List().Where(storageClass => storageClass.Provisioner == driver))
        {
            capacityQueue.Add(storageClass.Key());
        }
    }

    /// <summary>The driver, if it is ours to help. One that is described but not here yet is looked for again.</summary>
    private CsiDriver? Serving(string name, WorkQueue<ObjectKey> queue, ObjectKey key)
    {
        if (described.Get(new ObjectKey(null, name))?.Metadata.Annotation(Mark) != "true")
        {
            return null;
        }
        if (drivers.Find(name) is { } driver)
        {
            return driver;
        }
        queue.AddAfter(key, RetryUnknown);
        return null;
    }
}
