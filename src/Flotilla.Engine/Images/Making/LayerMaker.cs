using System.IO.Compression;
using System.Security.Cryptography;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Linux.Containerd;
using Grpc.Core;

namespace Flotilla.Engine.Images.Making;

/// <summary>A layer as registries have it, and the digest of what it unpacks to.</summary>
internal sealed record Layer(Blob Blob, string DiffId);

/// <summary>Makes layers, each unpacked too under the name that it has on top of those below it.</summary>
internal sealed class LayerMaker(Lease lease, EngineOptions options)
{
    private const string MediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
    private const string UnpackedLabel = "containerd.io/uncompressed";

    /// <summary>What a container has written. It may run on meanwhile.</summary>
    /// <param name="mounted">Where something was mounted into it that makes no part of its files.</param>
    public async Task<Layer> OfContainerAsync(string container, string parent, IReadOnlyList<string> mounted, CancellationToken cancellationToken)
    {
        var mounts = await MountsAsync(container, cancellationToken);
        using var written = WrittenFiles.Of(mounts, Path.Combine(options.CommitDirectory, Ids.New()[..16]), mounted);
        var layer = await DifferenceAsync(written.Mounts, parent, cancellationToken);
        await UnpackAsync(layer, parent, cancellationToken);
        return layer;
    }

    /// <summary>What was changed in files that <see cref="PrepareAsync"/> began; they are committed.</summary>
    public async Task<Layer> OfFilesAsync(string key, string parent, CancellationToken cancellationToken)
    {
        var mounts = await MountsAsync(key, cancellationToken);
        var layer = await DifferenceAsync(mounts, parent, cancellationToken);
        await CommitAsync(key, Chain.Of(parent, layer.DiffId), cancellationToken);
        return layer;
    }

    /// <summary>Of a plain archive of files, the lowest layer.</summary>
    public async Task<Layer> OfArchiveAsync(Stream archive, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var blob = new BlobWriter(lease, cancellationToken);
        await using (var packed = new GZipStream(blob, CompressionLevel.Fastest, leaveOpen: true))
        {
            var buffer = new byte[1 << 18];
            for (int count; (count = await archive.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                hash.AppendData(buffer.AsSpan(0, count));
                await packed.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }

        var diffId = "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
        var layer = new Layer(await blob.CommitAsync(MediaType, new Dictionary<string, string> { [UnpackedLabel] = diffId }), diffId);
        await UnpackAsync(layer, "", cancellationToken);
        return layer;
    }

    /// <summary>Files on top of layers, to be changed.</summary>
    public async Task<string> PrepareAsync(string parent, CancellationToken cancellationToken)
    {
        var key = "making-" + Ids.New()[..16];
        await lease.Snapshots.PrepareAsync(new PrepareSnapshotRequest { Snapshotter = Runtime.Snapshotter, Key = key, Parent = parent }, cancellationToken: cancellationToken);
        return key;
    }

    public async Task<MountedFiles> MountAsync(string key, CancellationToken cancellationToken)
    {
        return Mounted(await MountsAsync(key, cancellationToken));
    }

    /// <summary>An image's files, to be read.</summary>
    public async Task<(string Key, MountedFiles Files)> ViewAsync(string parent, CancellationToken cancellationToken)
    {
        var (key, mounts) = await BeginViewAsync(parent, cancellationToken);
        return (key, Mounted(mounts));
    }

    public async Task RemoveAsync(string key)
    {
        try
        {
            await lease.Snapshots.RemoveAsync(new RemoveSnapshotRequest { Snapshotter = Runtime.Snapshotter, Key = key });
        }
        catch (RpcException)
        {
            // It goes with the lease.
        }
    }

    private async Task<IReadOnlyList<Mount>> MountsAsync(string key, CancellationToken cancellationToken) =>
        (await lease.Snapshots.MountsAsync(new MountsRequest { Snapshotter = Runtime.Snapshotter, Key = key }, cancellationToken: cancellationToken)).Mounts;

    private MountedFiles Mounted(IReadOnlyList<Mount> mounts) => MountedFiles.Of(mounts, MountedFiles.NewPlace(options));

    private async Task<(string Key, IReadOnlyList<Mount> Mounts)> BeginViewAsync(string parent, CancellationToken cancellationToken)
    {
        var key = "view-" + Ids.New()[..16];
        var view = await lease.Snapshots.ViewAsync(new ViewSnapshotRequest { Snapshotter = Runtime.Snapshotter, Key = key, Parent = parent }, cancellationToken: cancellationToken);
        return (key, view.Mounts);
    }

    private async Task<Layer> DifferenceAsync(IEnumerable<Mount> mounts, string parent, CancellationToken cancellationToken)
    {
        var (view, below) = await BeginViewAsync(parent, cancellationToken);
        try
        {
            var request = new DiffRequest { MediaType = MediaType, Ref = "engine-" + Ids.New() };
            request.Left.Add(below);
            request.Right.Add(mounts);
            var made = (await lease.Diff.DiffAsync(request, cancellationToken: cancellationToken)).Diff;
            var info = (await lease.Content.InfoAsync(new InfoRequest { Digest = made.Digest }, cancellationToken: cancellationToken)).Info;
            return new Layer(new Blob(made.Digest, made.Size, MediaType), info.Labels[UnpackedLabel]);
        }
        finally
        {
            await RemoveAsync(view);
        }
    }

    private async Task UnpackAsync(Layer layer, string parent, CancellationToken cancellationToken)
    {
        var key = await PrepareAsync(parent, cancellationToken);
        try
        {
            var mounts = await MountsAsync(key, cancellationToken);
            var request = new ApplyLayerRequest { Diff = new BlobDescriptor { Digest = layer.Blob.Digest, Size = layer.Blob.Size, MediaType = layer.Blob.MediaType } };
            request.Mounts.Add(mounts);
            await lease.Diff.ApplyAsync(request, cancellationToken: cancellationToken);
        }
        catch
        {
            await RemoveAsync(key);
            throw;
        }

        await CommitAsync(key, Chain.Of(parent, layer.DiffId), cancellationToken);
    }

    private async Task CommitAsync(string key, string name, CancellationToken cancellationToken)
    {
        try
        {
            await lease.Snapshots.CommitAsync(new CommitSnapshotRequest { Snapshotter = Runtime.Snapshotter, Key = key, Name = name }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.AlreadyExists)
        {
            // The same files on the same layers.
            await RemoveAsync(key);
        }
    }
}
