using Flotilla.Linux.Cri;
using Flotilla.Node.Linux;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>
/// Which of the node's user and group ids stand for 0 to 65535 in a pod that has users of its own (<c>hostUsers: false</c>).
/// No two pods share one. A pod's are written into its directory, where a restarted agent finds them, and free when that is gone.
/// </summary>
internal sealed class UserNamespaces(NodeOptions options)
{
    private const string Name = "userns";

    // As many as the ids that images and programs count with.
    private const uint Length = 65536;

    private const int MostRanges = 65535;

    private readonly Lock gate = new();

    /// <summary>The users of the machine itself.</summary>
    public static UserNamespace OfTheNode { get; } = new() { Mode = NamespaceMode.Node };

    /// <exception cref="UnsupportedException">All ids are in use, or the node's configuration gives none.</exception>
    public UserNamespace Of(V1Pod pod)
    {
        if (pod.Spec.HostUsers != false)
        {
            return OfTheNode;
        }
        lock (gate)
        {
            var file = FileOf(PodDirectories.Of(options, pod.Metadata.Uid));
            if (StateFile.Read<IdMappings>(file) is not { } mappings)
            {
                mappings = IdMappings.From(FindFree());
                StateFile.Write(file, mappings);
            }
            return mappings.ToRuntime();
        }
    }

    private uint FindFree()
    {
        var all = SubordinateIds.Of(SubordinateIds.User, options.SubordinateUids, options.SubordinateGids)
            ?? new IdRange(Length, Length * (uint)Math.Min(options.MaxPods, MostRanges));
        if (all.First % Length != 0 || all.First == 0)
        {
            throw new UnsupportedException($"user namespaces need ids of which the first is a multiple of {Length}, but {options.SubordinateUids} gives {SubordinateIds.User} those from {all.First} on");
        }
        var used = Directory.EnumerateDirectories(options.PodsDirectory)
            .Select(directory => StateFile.Read<IdMappings>(FileOf(directory)))
            .OfType<IdMappings>().Select(mappings => mappings.UidMappings[0].HostId).ToHashSet();
        for (ulong first = all.First; first + Length <= all.First + (ulong)all.Length; first += Length)
        {
            if (!used.Contains((uint)first))
            {
                return (uint)first;
            }
        }
        throw new UnsupportedException($"all {all.Length / Length} user namespaces of this node are in use");
    }

    private static string FileOf(string podDirectory) => Path.Combine(podDirectory, Name);

    private sealed record IdMappings(IReadOnlyList<IdMap> UidMappings, IReadOnlyList<IdMap> GidMappings)
    {
        public static IdMappings From(uint first)
        {
            IdMap[] map = [new(first, 0, Length)];
            return new IdMappings(map, map);
        }

        public UserNamespace ToRuntime() => new()
        {
            Mode = NamespaceMode.Pod,
            Uids = { UidMappings.Select(map => map.ToRuntime()) },
            Gids = { GidMappings.Select(map => map.ToRuntime()) },
        };
    }

    private sealed record IdMap(uint HostId, uint ContainerId, uint Length)
    {
        public IDMapping ToRuntime() => new() { HostId = HostId, ContainerId = ContainerId, Length = Length };
    }
}
