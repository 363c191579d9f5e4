using Flotilla.Api;
using Flotilla.Node.Linux;

namespace Flotilla.Node.DynamicResources;

/// <summary>
/// The claims that are prepared here, or are about to be. Each change is on disk before a driver is called because of it, so
/// that whatever was begun is found and put away after a restart of the agent. Any thread may ask.
/// </summary>
internal sealed class ClaimLedger
{
    private readonly Lock gate = new();
    private readonly string file;
    private readonly Dictionary<ObjectKey, PreparedClaim> claims;

    public ClaimLedger(string file)
    {
        this.file = file;
        claims = (StateFile.Read<List<PreparedClaim>>(file) ?? []).ToDictionary(claim => claim.Key);
    }

    public IReadOnlyList<PreparedClaim> All
    {
        get
        {
            lock (gate)
            {
                return [.. claims.Values];
            }
        }
    }

    public PreparedClaim? Get(ObjectKey key)
    {
        lock (gate)
        {
            return claims.GetValueOrDefault(key);
        }
    }

    public IEnumerable<PreparedClaim> Of(string podUid) => All.Where(claim => claim.Pods.Contains(podUid));

    /// <exception cref="DynamicResourceException">Another claim had the name, and is still prepared.</exception>
    public void Use(PreparedClaim claim, string podUid) => Change(() =>
    {
        var known = claims.GetValueOrDefault(claim.Key, claim);
        if (known.Uid != claim.Uid)
        {
            throw new DynamicResourceException($"old ResourceClaim with same name {claim.Name} and different UID {known.Uid} still exists (previous pod force-deleted?!)");
        }
        claims[claim.Key] = known with { Pods = [.. known.Pods.Except([podUid], StringComparer.Ordinal), podUid] };
    });

    public void Prepared(ObjectKey key, IReadOnlyDictionary<string, IReadOnlyList<PreparedDevice>> drivers) =>
        Change(() => claims[key] = claims[key] with { Drivers = drivers, IsPrepared = true });

    /// <summary>Other pods still use it.</summary>
    public void Leave(ObjectKey key, string podUid) =>
        Change(() => claims[key] = claims[key] with { Pods = [.. claims[key].Pods.Except([podUid], StringComparer.Ordinal)] });

    public void Remove(ObjectKey key) => Change(() => claims.Remove(key));

    private void Change(Action change)
    {
        lock (gate)
        {
            change();
            StateFile.Write(file, claims.Values.ToList());
        }
    }
}
