using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Authentication.Tokens;

/// <summary>Tokens by which new nodes join, <c>id.secret</c>, kept as Secrets of their own type in kube-system.</summary>
public sealed partial class BootstrapTokens(IStore store, TimeProvider time) : ITokenAuthenticator
{
    private const string SecretType = "bootstrap.kubernetes.io/token";
    private const string DefaultGroup = "system:bootstrappers";

    public async ValueTask<Identification> IdentifyAsync(string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken)
    {
        if (!Form().IsMatch(token))
        {
            return Identification.Nobody;
        }

        var id = token[..6];
        if (await store.GetAsync($"{CoreKinds.Secret.StoragePrefix}kube-system/bootstrap-token-{id}", cancellationToken) is not { } entry)
        {
            return Identification.Nobody;
        }

        var secret = (JsonObject)GoJson.Parse(entry.Value.Span)!;
        return IsRight(secret, id, token[7..])
            ? new Identification(new RequestUser($"system:bootstrap:{id}", [.. Groups(secret), RequestUser.Authenticated]), Audiences: [.. audiences])
            : Identification.Nobody;
    }

    private bool IsRight(JsonObject secret, string id, string given) =>
        secret.String("type") == SecretType
        && secret.Object("metadata").String("deletionTimestamp") is null
        && Text(secret, "token-id") == id
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Text(secret, "token-secret")), Encoding.UTF8.GetBytes(given))
        && Text(secret, "usage-bootstrap-authentication") == "true"
        && !IsExpired(secret);

    // A time that cannot be read counts as past.
    private bool IsExpired(JsonObject secret) =>
        Text(secret, "expiration") is { Length: > 0 } text
        && (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end) || end <= time.GetUtcNow());

    private static IEnumerable<string> Groups(JsonObject secret) =>
        Text(secret, "auth-extra-groups").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(group => group.StartsWith(DefaultGroup + ":", StringComparison.Ordinal))
            .Append(DefaultGroup)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

    private static string Text(JsonObject secret, string key)
    {
        var bytes = new byte[4096];
        return secret.Object("data").String(key) is { } encoded && Convert.TryFromBase64String(encoded, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : "";
    }

    [GeneratedRegex("^[a-z0-9]{6}\\.[a-z0-9]{16}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
