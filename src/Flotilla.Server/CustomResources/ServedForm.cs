using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Server.Watching;
using Flotilla.Storage;

namespace Flotilla.Server.CustomResources;

/// <summary>
/// Custom resources may be stored in another version than the one asked for, and before their schema had its present
/// defaults. Here stored bytes become what a version serves, and back. Objects of built-in kinds pass untouched. Results
/// are kept as long as the stored bytes are.
/// </summary>
public sealed class ServedForm(ConversionWebhooks webhooks)
{
    private readonly ConditionalWeakTable<Kind, ConditionalWeakTable<byte[], byte[]>> known = [];
    private readonly ConditionalWeakTable<Kind, ConditionalWeakTable<WatchFrame, WatchFrame>> frames = [];

    public async ValueTask<StoredEntry> OfAsync(Kind kind, StoredEntry entry, CancellationToken cancellationToken) =>
        kind.Custom is null ? entry : (await OfAsync(kind, [entry], cancellationToken))[0];

    public async ValueTask<IReadOnlyList<StoredEntry>> OfAsync(Kind kind, IReadOnlyList<StoredEntry> entries, CancellationToken cancellationToken)
    {
        if (kind.Custom is null || entries.Count == 0)
        {
            return entries;
        }

        var values = await OfAsync(kind, [.. entries.Select(entry => entry.Value)], cancellationToken);
        return [.. entries.Zip(values, (entry, value) => value.Equals(entry.Value) ? entry : entry with { Value = value, Notes = null })];
    }

    public async ValueTask<IReadOnlyList<WatchFrame>> OfAsync(Kind kind, IReadOnlyList<WatchFrame> changes, CancellationToken cancellationToken)
    {
        if (kind.Custom is null)
        {
            return changes;
        }

        var table = frames.GetOrCreateValue(kind);
        var served = new WatchFrame[changes.Count];
        for (var i = 0; i < served.Length; i++)
        {
            if (!table.TryGetValue(changes[i], out served[i]!))
            {
                served[i] = await OfAsync(kind, changes[i], cancellationToken);
                table.AddOrUpdate(changes[i], served[i]);
            }
        }

        return served;
    }

    /// <summary>The bytes to store for an object of <paramref name="kind"/>.</summary>
    public async ValueTask<byte[]> ToStorageAsync(Kind kind, JsonObject value, CancellationToken cancellationToken)
    {
        if (kind.Custom is not { } custom || custom.StorageVersion == custom.Version)
        {
            return StoredObject.Encode(value, kind.Identity);
        }

        var identity = kind.Identity with { Version = custom.StorageVersion };
        var converted = custom.ConvertsByWebhook ? (await webhooks.ConvertAsync(custom, [value], identity.ApiVersion, cancellationToken))[0] : value;
        return StoredObject.Encode(converted, identity);
    }

    private async Task<WatchFrame> OfAsync(Kind kind, WatchFrame frame, CancellationToken cancellationToken)
    {
        var change = frame.Change;
        var present = change.Value is { } value ? (ReadOnlyMemory<byte>?)(await OfAsync(kind, [value], cancellationToken))[0] : null;
        var before = change.Previous is { } previous ? (ReadOnlyMemory<byte>?)(await OfAsync(kind, [previous], cancellationToken))[0] : null;
        return new WatchFrame(change with { Value = present, Previous = before, Notes = null, PreviousNotes = null });
    }

    private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> OfAsync(Kind kind, IReadOnlyList<ReadOnlyMemory<byte>> stored, CancellationToken cancellationToken)
    {
        var table = known.GetOrCreateValue(kind);
        var served = new ReadOnlyMemory<byte>[stored.Count];
        var missing = new List<int>();
        var head = Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind.Name}\",\"apiVersion\":\"{kind.Identity.ApiVersion}\"");
        for (var i = 0; i < served.Length; i++)
        {
            if (!kind.Custom!.Schema.HasDefaults && stored[i].Span.StartsWith(head))
            {
                served[i] = stored[i];
            }
            else if (table.TryGetValue(ArrayOf(stored[i]), out var done))
            {
                served[i] = done;
            }
            else
            {
                missing.Add(i);
            }
        }

        if (missing.Count == 0)
        {
            return served;
        }

        var values = await ConvertAsync(kind, [.. missing.Select(i => (JsonObject)GoJson.Parse(stored[i].Span)!)], cancellationToken);
        foreach (var (i, value) in missing.Zip(values))
        {
            kind.Custom!.FillDefaults(value);
            var bytes = StoredObject.Encode(value, kind.Identity);
            table.AddOrUpdate(ArrayOf(stored[i]), bytes);
            served[i] = bytes;
        }

        return served;
    }

    private async ValueTask<IReadOnlyList<JsonObject>> ConvertAsync(Kind kind, IReadOnlyList<JsonObject> values, CancellationToken cancellationToken)
    {
        var custom = kind.Custom!;
        var foreign = custom.ConvertsByWebhook ? values.Where(value => value.String("apiVersion") != kind.Identity.ApiVersion).ToList() : [];
        if (foreign.Count == 0)
        {
            return values;
        }

        var converted = new Queue<JsonObject>(await webhooks.ConvertAsync(custom, foreign, kind.Identity.ApiVersion, cancellationToken));
        return [.. values.Select(value => value.String("apiVersion") == kind.Identity.ApiVersion ? value : converted.Dequeue())];
    }

    private static byte[] ArrayOf(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Array is { } array ? array : bytes.ToArray();
}
