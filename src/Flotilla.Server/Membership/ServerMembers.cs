using Flotilla.Storage;

namespace Flotilla.Server.Membership;

/// <summary>
/// Which servers the cluster has: each keeps writing a key of its own, and whose key stays as it is for long is taken for
/// gone. By how long that was seen here: clocks of different machines disagree. One loop renews.
/// </summary>
internal sealed class ServerMembers(IStore store, TimeProvider time)
{
    private const string Prefix = "/flotilla/api-servers/";
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(35);

    private readonly Dictionary<string, (Revision Modified, long Seen)> seen = new(StringComparer.Ordinal);

    public bool AreSeveral => store.IsShared;

    /// <summary>Not while this server is cut off from the others.</summary>
    public bool CanBeKept => store.Health.Serves;

    /// <summary>Tells of this server and returns all of them, by their names.</summary>
    public async Task<IReadOnlyList<ServerMember>> RenewAsync(ServerMember own, CancellationToken cancellationToken)
    {
        if (!store.IsShared)
        {
            return [own];
        }

        await store.WriteAsync(new WriteRequest(KeyOf(own.Name), own.ToJson(), Precondition.Any), cancellationToken);
        var servers = new List<ServerMember>();
        foreach (var entry in (await store.ListAsync(Prefix, null, 0, null, cancellationToken)).Entries)
        {
            if (!seen.TryGetValue(entry.Key, out var last) || last.Modified != entry.Modified)
            {
                seen[entry.Key] = last = (entry.Modified, time.GetTimestamp());
            }

            if (time.GetElapsedTime(last.Seen) < Lifetime && ServerMember.FromJson(entry.Value.Span) is { } member)
            {
                servers.Add(member);
                continue;
            }

            await store.WriteAsync(WriteRequest.Delete(entry.Key, Precondition.MustBeAt(entry.Modified)), cancellationToken);
            seen.Remove(entry.Key);
        }

        return servers;
    }

    /// <summary>All that there are, by their names.</summary>
    public async Task<IReadOnlyList<(ServerMember Member, Revision Modified)>> ListAsync(CancellationToken cancellationToken) =>
        store.IsShared
            ? [.. (await store.ListAsync(Prefix, null, 0, null, cancellationToken)).Entries.Select(entry => (Member: ServerMember.FromJson(entry.Value.Span)!, entry.Modified)).Where(found => found.Member is not null)]
            : [];

    /// <summary>A server was seen dead. One that has told of itself since stays; one that was wronged tells of itself again.</summary>
    public async Task ForgetAsync(ServerMember dead, Revision seenAt, CancellationToken cancellationToken) =>
        await store.WriteAsync(WriteRequest.Delete(KeyOf(dead.Name), Precondition.MustBeAt(seenAt)), cancellationToken);

    /// <summary>This server stops, or one is taken out for good.</summary>
    public async Task LeaveAsync(string name, CancellationToken cancellationToken)
    {
        if (store.IsShared)
        {
            await store.WriteAsync(WriteRequest.Delete(KeyOf(name), Precondition.Any), cancellationToken);
        }
    }

    private static string KeyOf(string name) => Prefix + name;
}
