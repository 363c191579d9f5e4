using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Images;
using Flotilla.Engine.Images.Making;
using Flotilla.Engine.Volumes;
using Flotilla.Engine.Volumes.Local;
using Flotilla.Linux.Commands;
using Flotilla.Linux.Containerd;
using Grpc.Core;

namespace Flotilla.Engine;

/// <summary>
/// The named volumes of one machine, of containers of docker and of pods alike. They are the same for both as long as both have the same instance,
/// and need no engine that runs.
/// </summary>
public sealed class MachineVolumes : IDisposable
{
    private readonly EngineOptions options;
    private readonly TimeProvider time;
    private readonly Runtime runtime;
    private readonly ImageCatalog images;

    public MachineVolumes(EngineOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        runtime = new Runtime(options.ContainerdSocket);
        images = new ImageCatalog(runtime);
        Events = new EventLog(time);
        Store = new VolumeStore(options, Events, time);
        var gates = new VolumeGates();
        Mounts = new VolumeMounts(Store, gates, LocalMount.OfThisMachine);
        Contents = new VolumeContents(Store, gates);
    }

    internal EventLog Events { get; }

    internal VolumeStore Store { get; }

    internal VolumeMounts Mounts { get; }

    internal VolumeContents Contents { get; }

    /// <summary>Uids of those pods that hold a volume, also one that an earlier process gave them.</summary>
    public IReadOnlyCollection<string> HoldingPods => Mounts.HoldingPods;

    /// <summary>The name of the volume whose directory that is, which need not be there; null: it is none's.</summary>
    public string? NameOf(string directory) => directory.StartsWith(options.VolumeDirectory + "/", StringComparison.Ordinal) && directory.EndsWith("/_data", StringComparison.Ordinal)
        ? directory[(options.VolumeDirectory.Length + 1)..^"/_data".Length]
        : null;

    /// <summary>Makes the volume where it is not there, and mounts what its options say until the pod lets it go.</summary>
    /// <param name="driverOptions">Of the driver <c>local</c>.</param>
    /// <exception cref="DockerException">It cannot be.</exception>
    public async Task HoldAsync(string pod, string name, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> driverOptions, CancellationToken cancellationToken)
    {
        if (name.Length == 0)
        {
            throw DockerException.BadRequest("a volume needs a name");
        }

        Store.Create(name, new JsonObject { ["Labels"] = Json(labels), ["DriverOpts"] = Json(driverOptions) });
        await Mounts.HoldAsync(name, VolumeMounts.OfPod(pod), cancellationToken);
    }

    /// <summary>Gives an empty volume what an image has at a path.</summary>
    /// <param name="image">Its id.</param>
    /// <exception cref="DockerException">It cannot be copied.</exception>
    public async Task FillAsync(string name, string image, string path, CancellationToken cancellationToken)
    {
        try
        {
            await Contents.FillAsync(name, path, use => WithFilesAsync(image, use, cancellationToken), cancellationToken);
        }
        catch (Exception failure) when (failure is CommandException or IOException or UnauthorizedAccessException)
        {
            throw new DockerException(500, failure.Message);
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DockerException(500, failure.Status.Detail);
        }
    }

    /// <summary>All that the pod holds.</summary>
    /// <exception cref="DockerException">Something could not be unmounted.</exception>
    public Task ReleaseAsync(string pod, CancellationToken cancellationToken) => Mounts.ReleaseAllAsync(VolumeMounts.OfPod(pod), cancellationToken);

    public void Dispose() => runtime.Dispose();

    private static JsonObject Json(IReadOnlyDictionary<string, string> words) => new(words.Select(word => KeyValuePair.Create(word.Key, (JsonNode?)word.Value)));

    private async Task WithFilesAsync(string id, Func<MountedFiles, Task> useAsync, CancellationToken cancellationToken)
    {
        var chain = await ChainOfAsync(id, cancellationToken);
        await using var lease = await Lease.OpenAsync(runtime, time, cancellationToken);
        var layers = new LayerMaker(lease, options);
        var (key, files) = await layers.ViewAsync(chain, cancellationToken);
        try
        {
            await useAsync(files);
        }
        finally
        {
            files.Dispose();
            await layers.RemoveAsync(key);
        }
    }

    // The CRI plugin gives each image its id for a name.
    private async Task<string> ChainOfAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            var named = (await runtime.Images.GetAsync(new GetImageRequest { Name = id }, cancellationToken: cancellationToken)).Image;
            if (await images.Contents.FindAsync(named.Target.Digest, cancellationToken) is { } content)
            {
                return content.ChainId;
            }
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            // It is found by its content.
        }

        return (await images.FindAsync(id, cancellationToken)).Content.ChainId;
    }
}
