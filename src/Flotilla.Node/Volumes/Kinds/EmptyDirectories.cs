using System.Globalization;
using System.Text.Json;
using Flotilla.Api.Pods;
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
        Action? mount = empty.Medium switch
        {
            null or "" => null,
            "Memory" => () => MemoryDirectory.Mount(path, SizeFor(request.Pod, empty)),
            _ when empty.Medium == HugePages.Medium || empty.Medium.StartsWith(HugePages.Medium + "-", StringComparison.Ordinal) => () => MountPages(path, HugePages.PageSizeFor(empty.Medium, request.Pod)),
            _ => throw new VolumeException($"unknown storage medium \"{empty.Medium}\""),
        };
        if (!Directory.Exists(path) || (mount is not null && !MemoryDirectory.IsMounted(path)))
        {
            Create(request, path, mount);
        }
        return Task.FromResult(new MountedVolume(path));
    }

    private static void MountPages(string path, long pageBytes) =>
        Native.Mount("nodev", path, "hugetlbfs", 0, string.Create(CultureInfo.InvariantCulture, $"pagesize={pageBytes}"));

    private static void Create(VolumeRequest request, string path, Action? mount)
    {
        Directory.CreateDirectory(path);
        mount?.Invoke();
        File.SetUnixFileMode(path, ModeOf(request) ?? Everybody);
        Ownership.Apply(path, request.Group, readOnly: false);
    }

    /// <exception cref="VolumeException">The annotation cannot be read.</exception>
    private static UnixFileMode? ModeOf(VolumeRequest request)
    {
        if (request.Pod.GetAnnotation(PodAnnotations.DirectoryModes) is not { } text)
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(text)?.TryGetValue(request.Volume.Name, out var digits) == true ? (UnixFileMode)(Convert.ToInt32(digits, 8) & 0b111_111_111_111) : null;
        }
        catch (Exception wrong) when (wrong is JsonException or FormatException or OverflowException)
        {
            throw new VolumeException($"annotation {PodAnnotations.DirectoryModes}: {wrong.Message}");
        }
    }

    /// <summary>The least of what the node has, what the pod may use and what the volume asks for.</summary>
    private string SizeFor(V1Pod pod, V1EmptyDirVolumeSource empty)
    {
        decimal?[] limits = [allocatableMemory, PodLimits.Of(pod).MemoryBytes, empty.SizeLimit?.ToDecimal()];
        return ((long)limits.Where(limit => limit > 0).Min()!.Value).ToString(CultureInfo.InvariantCulture);
    }
}
