using Flotilla.Local;
using Flotilla.Storage;

namespace Flotilla.Composition;

/// <summary>Where the other members of etcd were last, a URL a line: for a start at which this machine's own is not enough.</summary>
internal sealed class KnownMembers(ClusterSettings settings)
{
    private readonly string path = Path.Combine(settings.DataDirectory, "etcd.members");

    public IReadOnlyList<Uri> Read() => File.Exists(path) ? [.. File.ReadLines(path).Select(line => new Uri(line))] : [];

    public void Write(IEnumerable<Uri> others)
    {
        Directory.CreateDirectory(settings.DataDirectory);
        File.WriteAllLines(path + ".new", others.Select(address => address.AbsoluteUri));
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>A server that lost its data must not begin a cluster of its own beside that of the others.</summary>
    /// <exception cref="StorageException">It would.</exception>
    public void CheckData()
    {
        var member = ManagedEtcd.MemberFor(settings);
        if (!member.HasData && member.InitialCluster is null && Read() is { Count: > 0 } others)
        {
            throw new StorageException($"{member.DataDirectory} is empty, but this server shared an etcd with {string.Join(", ", others.Select(other => other.Authority))}. Delete what is left with 'flotilla down --purge' and join them as a new server.");
        }
    }
}
