using System.Text;
using Flotilla.Server.Identity;
using Flotilla.Server.Membership;
using Flotilla.Storage;

namespace Flotilla.Server.Authorities;

/// <summary>
/// The rotation that all servers go by, where they store everything, and how far each of them is. The last one stays there: a server that was away learns
/// of it when it starts. Under <see cref="Prefix"/> everything is encrypted.
/// </summary>
internal sealed class AuthorityRecords(IStore store, ServerMembers members, string own)
{
    public const string Prefix = "/flotilla/authority/";
    private const string Key = Prefix + "rotation";
    private const string FollowersPrefix = Prefix + "followers/";

    private volatile Found? last;

    /// <summary>Whether other servers may begin or go on with one.</summary>
    public bool AreShared => store.IsShared;

    public ValueTask CatchUpAsync(CancellationToken cancellationToken) => store.CatchUpAsync(cancellationToken);

    /// <summary>Null: the authority was never rotated.</summary>
    public async Task<Found?> ReadAsync(CancellationToken cancellationToken)
    {
        if (await store.GetAsync(Key, cancellationToken) is not { } entry)
        {
            return null;
        }

        // It is asked often, and changes a few times in the life of a cluster.
        return last is { } known && known.At == entry.Modified ? known : last = new Found(AuthorityRecord.Parse(Encoding.ASCII.GetString(entry.Value.Span)), entry.Modified);
    }

    /// <param name="at">Of what it follows; null: of nothing.</param>
    /// <returns>False: another server was faster.</returns>
    public async Task<bool> TryWriteAsync(AuthorityRecord rotation, Revision? at, CancellationToken cancellationToken) =>
        (await store.WriteAsync(new WriteRequest(Key, Encoding.ASCII.GetBytes(rotation.ToText()), at is { } revision ? Precondition.MustBeAt(revision) : Precondition.MustNotExist), cancellationToken)).Outcome == WriteOutcome.Written;

    /// <summary>This server goes by it.</summary>
    public async Task TellAsync(AuthorityRecord rotation, CancellationToken cancellationToken)
    {
        if (await StepOfAsync(own, cancellationToken) != rotation.Id)
        {
            await store.WriteAsync(new WriteRequest(FollowersPrefix + own, Encoding.ASCII.GetBytes(rotation.Id), Precondition.Any), cancellationToken);
        }
    }

    /// <summary>The servers that are there, by their names, and whether each goes by it.</summary>
    public async Task<IReadOnlyDictionary<string, bool>> FollowersAsync(AuthorityRecord rotation, CancellationToken cancellationToken)
    {
        var found = new SortedDictionary<string, bool>(StringComparer.Ordinal);
        foreach (var name in (await members.ListAsync(cancellationToken)).Select(server => server.Member.Name).Append(own).Distinct(StringComparer.Ordinal))
        {
            found[name] = await StepOfAsync(name, cancellationToken) == rotation.Id;
        }

        return found;
    }

    private async Task<string?> StepOfAsync(string server, CancellationToken cancellationToken) =>
        await store.GetAsync(FollowersPrefix + server, cancellationToken) is { } entry ? Encoding.ASCII.GetString(entry.Value.Span) : null;

    public sealed record Found(AuthorityRecord Rotation, Revision At);
}
