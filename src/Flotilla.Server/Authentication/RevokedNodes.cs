using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Client.Joining;
using Flotilla.Server.Authorization;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Authentication;

/// <summary>
/// The nodes that were removed, each with the moment: their certificates of before hold no more, those of a new join do.
/// Kept in one ConfigMap, read when the first node shows itself.
/// </summary>
public sealed class RevokedNodes(IStore store, ILogger<RevokedNodes> logger)
    : StoreFollower(store, [$"{CoreKinds.ConfigMap.StoragePrefix}{RemovedNodes.Namespace}/{RemovedNodes.Name}"], logger)
{
    private const string UserPrefix = "system:node:";

    private volatile FrozenDictionary<string, DateTimeOffset> removed = FrozenDictionary<string, DateTimeOffset>.Empty;

    public async ValueTask<bool> IsRevokedAsync(RequestUser user, X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        if (!user.Name.StartsWith(UserPrefix, StringComparison.Ordinal))
        {
            return false;
        }

        await EnsureStartedAsync(cancellationToken);
        return removed.TryGetValue(user.Name[UserPrefix.Length..], out var since)
            && certificate.NotBefore.ToUniversalTime() + CertificateAuthority.ClockSkew < since.UtcDateTime;
    }

    protected override void Reset(IReadOnlyList<StoredEntry> entries)
    {
        removed = FrozenDictionary<string, DateTimeOffset>.Empty;
        foreach (var entry in entries)
        {
            Apply(entry.Key, entry.Value);
        }
    }

    protected override void Apply(string key, ReadOnlyMemory<byte>? value)
    {
        var data = value is { } bytes ? ((JsonObject)GoJson.Parse(bytes.Span)!).Object("data") : null;
        removed = (data ?? []).Select(pair => (pair.Key, Text: (string?)pair.Value))
            .Where(pair => pair.Text is not null)
            .ToFrozenDictionary(pair => pair.Key, pair => TimeOf(pair.Text!), StringComparer.Ordinal);
    }

    // A time that cannot be read revokes everything of before now: whoever wrote it meant to shut the node out.
    private static DateTimeOffset TimeOf(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.MaxValue;
}
