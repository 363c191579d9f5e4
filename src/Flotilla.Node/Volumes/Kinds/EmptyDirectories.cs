using System.Globalization;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>Room for as long as the pod lives, on the node's disk or in memory.</summary>
internal sealed class EmptyDirectories(NodeOptions options, decimal allocatableMemory) : IVolumeKind
{
    private const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;

    public bool Serves(VolumeRequest request) => request.Persistent is null && request.Volume.EmptyDir is not null;

    public Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken)
    {
        var empty = request.Volume.EmptyDir;
        var path = request.DirectoryIn(options, "empty-dir");
        var inMemory = empty.Medium switch
        {
            null or "" => false,
            "Memory" => true,
            _ => throw new VolumeException($"unknown storage medium \"{empty.Medium}\""),
        };
        if (!Directory.Exists(path) || (inMemory && !MemoryDirectory.IsMounted(path)))
        {
            Create(request, path, inMemory);
        }
        return Task.FromResult(new MountedVolume(path));
    }

    private void Create(VolumeRequest request, string path, bool inMemory)
    {
        Directory.CreateDirectory(path);
        if (inMemory)
        {
            MemoryDirectory.Mount(path, SizeFor(request.Pod, request.Volume.EmptyDir));
        }
        File.SetUnixFileMode(path, Everybody);
        Ownership.Apply(path, request.Group, readOnly: false);
    }

    /// <summary>The least of what the node has, what the pod may use and what the volume asks for.</summary>
    private string SizeFor(V1Pod pod, V1EmptyDirVolumeSource empty)
    {
        decimal?[] limits = [allocatableMemory, PodLimits.Of(pod).MemoryBytes, empty.SizeLimit?.ToDecimal()];
        return ((long)limits.Where(limit => limit > 0).Min()!.Value).ToString(CultureInfo.InvariantCulture);
    }
}
