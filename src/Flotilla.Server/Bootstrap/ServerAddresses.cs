using System.Net;
using System.Text;
using Flotilla.Storage;

namespace Flotilla.Server.Bootstrap;

/// <summary>
/// Which servers the cluster has: each keeps writing a key of its own, and whose key stays as it is for long is taken for
/// gone. By how long that was seen here: clocks of different machines disagree. One loop uses it.
/// </summary>
internal sealed class ServerAddresses(IStore store, ApiServerOptions options, TimeProvider time)
{
    private const string Prefix = "/flotilla/servers/";
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(35);

    private readonly Dictionary<string, (Revision Modified, long Seen)> seen = new(StringComparer.Ordinal);

    /// <summary>Tells of this server and returns all of them, in the order of their text.</summary>
    public async Task<IReadOnlyList<string>> RenewAsync(IPAddress own, CancellationToken cancellationToken)
    {
        if (!store.IsShared)
        {
            return [own.ToString()];
        }

        // Only servers on the same port can stand behind one Service.
        var prefix = $"{Prefix}{options.Port}/";
        await store.WriteAsync(new WriteRequest($"{prefix}{own}", Encoding.UTF8.GetBytes(time.GetUtcNow().ToString("O")), Precondition.Any), cancellationToken);
        var servers = new List<string>();
        foreach (var entry in (await store.ListAsync(prefix, null, 0, null, cancellationToken)).Entries)
        {
            if (!seen.TryGetValue(entry.Key, out var last) || last.Modified != entry.Modified)
            {
                seen[entry.Key] = last = (entry.Modified, time.GetTimestamp());
            }

            if (time.GetElapsedTime(last.Seen) < Lifetime)
            {
                servers.Add(entry.Key[prefix.Length..]);
                continue;
            }

            await store.WriteAsync(WriteRequest.Delete(entry.Key, Precondition.MustBeAt(entry.Modified)), cancellationToken);
            seen.Remove(entry.Key);
        }

        return servers;
    }

    /// <summary>This server stops.</summary>
    public async Task LeaveAsync(IPAddress own, CancellationToken cancellationToken)
    {
        if (store.IsShared)
        {
            await store.WriteAsync(WriteRequest.Delete($"{Prefix}{options.Port}/{own}", Precondition.Any), cancellationToken);
        }
    }
}
