using Flotilla.Node.Pods;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>Files made of API objects. Containers only read them: what they changed would be lost at the next refresh.</summary>
internal sealed class ContentVolumes(NodeOptions options, VolumeContent content, TimeProvider time) : IVolumeKind
{
    private const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;

    public bool Serves(VolumeRequest request) => request.Persistent is null && PluginOf(request) is not null;

    public string PathOf(VolumeRequest request) => request.DirectoryIn(options, PluginOf(request)!);

    public async Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken)
    {
        var path = PathOf(request);
        var files = await content.ForAsync(request.Pod, request.Volume, cancellationToken);
        if (request.Volume.ConfigMap is null)
        {
            MemoryDirectory.Mount(path);
        }
        Directory.CreateDirectory(path);
        if (AtomicDirectory.Write(path, files, time.GetUtcNow(), folder => Ownership.Apply(folder, request.Group, readOnly: true)))
        {
            File.SetUnixFileMode(path, Everybody);
        }
        return new MountedVolume(path) { IsReadOnly = true };
    }

    private static string? PluginOf(VolumeRequest request) =>
        request.Volume.ConfigMap is not null ? "configmap"
        : request.Volume.Secret is not null ? "secret"
        : request.Volume.DownwardAPI is not null ? "downward-api"
        : request.Volume.Projected is not null ? "projected"
        : null;
}
