using Flotilla.Node.Linux;

namespace Flotilla.Node.Devices;

/// <summary>What one container was given of one resource, and what its runtime is told because of it.</summary>
internal sealed record DeviceGrant(string PodUid, string Container, string Resource, IReadOnlyList<string> Devices)
{
    public Dictionary<string, string> Environment { get; init; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Annotations { get; init; } = new(StringComparer.Ordinal);

    public List<GrantedMount> Mounts { get; init; } = [];

    public List<GrantedNode> Nodes { get; init; } = [];

    /// <summary>Fully qualified names of the Container Device Interface.</summary>
    public List<string> Names { get; init; } = [];
}

internal sealed record GrantedMount(string ContainerPath, string HostPath, bool ReadOnly);

/// <param name="Permissions">Letters out of <c>rwm</c>.</param>
internal sealed record GrantedNode(string ContainerPath, string HostPath, string Permissions);

/// <summary>Which container holds which devices; survives a restart of the agent. Any thread may read, one at a time may change it.</summary>
internal sealed class DeviceLedger
{
    private readonly string file;
    private volatile IReadOnlyList<DeviceGrant> grants;

    public DeviceLedger(string file)
    {
        this.file = file;
        grants = StateFile.Read<List<DeviceGrant>>(file) ?? [];
    }

    public IEnumerable<DeviceGrant> Of(string podUid, string container) => grants.Where(grant => grant.PodUid == podUid && grant.Container == container);

    public IEnumerable<DeviceGrant> Of(string podUid) => grants.Where(grant => grant.PodUid == podUid);

    public IReadOnlySet<string> Taken(string resource) => grants.Where(grant => grant.Resource == resource).SelectMany(grant => grant.Devices).ToHashSet(StringComparer.Ordinal);

    public void Add(DeviceGrant grant)
    {
        grants = [.. grants, grant];
        Write();
    }

    /// <summary>Frees what pods held that are no longer there.</summary>
    public void KeepOnly(IReadOnlySet<string> podUids)
    {
        var kept = grants.Where(grant => podUids.Contains(grant.PodUid)).ToList();
        if (kept.Count < grants.Count)
        {
            grants = kept;
            Write();
        }
    }

    private void Write() => StateFile.Write(file, grants);
}
