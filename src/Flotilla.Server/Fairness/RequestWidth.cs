using Flotilla.Api.Kinds;
using Flotilla.Server.Authorization;
using Flotilla.Storage;

namespace Flotilla.Server.Fairness;

/// <summary>How many seats a request takes: one, but lists of many objects more.</summary>
internal sealed class RequestWidth(IStore store, KindRegistry kinds)
{
    private const int MaxSeats = 10;
    private const int ObjectsPerSeat = 100;

    public async ValueTask<int> OfAsync(AccessAttributes wanted, string? limit, CancellationToken cancellationToken)
    {
        if (wanted.Verb != "list" || kinds.Find(wanted.Group, wanted.Version, wanted.Resource) is not { } kind)
        {
            return 1;
        }

        var prefix = (kind.StoredAs ?? kind).StoragePrefix;
        var first = await store.ListAsync(prefix, null, 1, null, cancellationToken);
        var count = first.Entries.Count + first.Remaining;
        if (int.TryParse(limit, out var asked) && asked > 0 && wanted is { Fields: null, Labels: null })
        {
            count = Math.Min(count, asked);
        }

        return (int)Math.Clamp((count + ObjectsPerSeat - 1) / ObjectsPerSeat, 1, MaxSeats);
    }
}
