using Flotilla.Engine.Archives;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Linux;
using Flotilla.Linux.Containerd;
using Grpc.Core;

namespace Flotilla.Engine.Containers;

/// <summary>A container's files: its layer on top of its image's. They are looked into on a mount that exists only meanwhile.</summary>
internal sealed class RootFileSystem(Runtime runtime, EngineOptions options)
{
    // containerd collects layers that nobody refers to, and until its first start a container is unknown to it.
    private const string KeepLabel = "containerd.io/gc.root";

    public async Task CreateAsync(string container, string chainId, CancellationToken cancellationToken) =>
        await runtime.Snapshots.PrepareAsync(
            new PrepareSnapshotRequest { Snapshotter = Runtime.Snapshotter, Key = container, Parent = chainId, Labels = { [KeepLabel] = "docker" } }, cancellationToken: cancellationToken);

    public async Task RemoveAsync(string container, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Snapshots.RemoveAsync(new RemoveSnapshotRequest { Snapshotter = Runtime.Snapshotter, Key = container }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            // Removed already.
        }
    }

    public async Task<IReadOnlyList<Mount>> MountsAsync(string container, CancellationToken cancellationToken) =>
        (await runtime.Snapshots.MountsAsync(new MountsRequest { Snapshotter = Runtime.Snapshotter, Key = container }, cancellationToken: cancellationToken)).Mounts;

    /// <summary>Mounted until disposed, wherever the container's processes are.</summary>
    public async Task<MountedFiles> MountAsync(string container, CancellationToken cancellationToken) =>
        MountedFiles.Of(await MountsAsync(container, cancellationToken), MountedFiles.NewPlace(options));

    /// <summary>Bytes of what it has written itself.</summary>
    public async Task<long> OwnBytesAsync(string container, CancellationToken cancellationToken)
    {
        try
        {
            return (await runtime.Snapshots.UsageAsync(new UsageRequest { Snapshotter = Runtime.Snapshotter, Key = container }, cancellationToken: cancellationToken)).Size;
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            return 0;
        }
    }
}

/// <summary>A file system on a directory of ours for a while.</summary>
internal sealed class MountedFiles : IDisposable
{
    // A page, less its end.
    private const int MostOptionBytes = 4095;

    // Those of an earlier process begin otherwise.
    private static readonly string Own = Ids.New()[..16];

    private MountedFiles(string directory) => Root = directory;

    public string Root { get; }

    public static string NewPlace(EngineOptions options) => Path.Combine(options.RunDirectory, "mounts", $"{Own}-{Ids.New()[..16]}");

    /// <summary>Takes away those that a process has left which was killed.</summary>
    public static void RemoveLeft(EngineOptions options)
    {
        var places = Path.Combine(options.RunDirectory, "mounts");
        foreach (var left in Directory.Exists(places) ? Directory.EnumerateDirectories(places).Where(place => !Path.GetFileName(place).StartsWith(Own, StringComparison.Ordinal)) : [])
        {
            Native.Unmount(left);
            Native.RemoveDirectory(left);
        }
    }

    public static MountedFiles Of(IReadOnlyList<Mount> mounts, string directory)
    {
        Directory.CreateDirectory(directory);
        foreach (var mount in mounts)
        {
            var flags = mount.Options.Contains("ro") ? Native.ReadOnlyMount : 0UL;
            if (mount.Options.Contains("bind") || mount.Options.Contains("rbind"))
            {
                Native.Mount(mount.Source, directory, null, Native.BindMount | Native.RecursiveMount, null);
            }
            else
            {
                MountLayers(mount, directory, flags);
            }
        }

        return new MountedFiles(directory);
    }

    private static void MountLayers(Mount mount, string directory, ulong flags)
    {
        var options = string.Join(',', mount.Options.Where(option => option is not ("ro" or "rw")));
        if (System.Text.Encoding.UTF8.GetByteCount(options) <= MostOptionBytes)
        {
            Native.Mount(mount.Source, directory, mount.Type, flags, options);
            return;
        }

        // Many layers have shorter names for as long as the kernel takes to look them up.
        var links = Directory.CreateDirectory(directory + ".l");
        try
        {
            var lower = OverlayLayers.Of([mount]).Lower;
            var names = lower.Select((layer, index) => File.CreateSymbolicLink(Path.Combine(links.FullName, index.ToString(System.Globalization.CultureInfo.InvariantCulture)), layer).FullName);
            Native.Mount(mount.Source, directory, mount.Type, flags, options.Replace(string.Join(':', lower), string.Join(':', names), StringComparison.Ordinal));
        }
        finally
        {
            links.Delete(recursive: true);
        }
    }

    public IReadOnlyList<string> Lines(string path)
    {
        var file = ScopedPath.Resolve(Root, path);
        return File.Exists(file) ? File.ReadAllLines(file) : [];
    }

    public void Dispose()
    {
        Native.Unmount(Root);
        Directory.Delete(Root);
    }
}
