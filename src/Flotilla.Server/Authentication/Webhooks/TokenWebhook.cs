using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Authentication.Webhooks;

/// <summary>Lets another server say whose token it is, by a TokenReview.</summary>
public sealed class TokenWebhook(RemoteReviewer reviewer, TimeProvider time) : ITokenAuthenticator
{
    private static readonly TimeSpan KeepAnswer = TimeSpan.FromMinutes(2);

    private readonly AnswerCache<Identification> cache = new(time);

    public async ValueTask<Identification> IdentifyAsync(string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken)
    {
        var wanted = audiences.Count > 0 ? audiences : ServiceAccountTokens.DefaultAudiences;

        // Tokens are not kept: their digest is enough to know them again.
        var question = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{token}\n{string.Join(' ', wanted)}")));
        if (cache.Find(question) is { } known)
        {
            return known;
        }

        try
        {
            var status = await reviewer.AskAsync(Review(token, wanted), cancellationToken);
            return cache.Keep(question, Read(status, wanted), KeepAnswer);
        }
        catch (HttpRequestException error)
        {
            return Identification.Reject(error.Message);
        }
    }

    private static JsonObject Review(string token, IReadOnlyCollection<string> audiences) => new()
    {
        ["kind"] = "TokenReview",
        ["apiVersion"] = "authentication.k8s.io/v1",
        ["spec"] = new JsonObject { ["token"] = token, ["audiences"] = new JsonArray([.. audiences.Select(name => JsonValue.Create(name))]) },
    };

    private static Identification Read(JsonObject status, IReadOnlyCollection<string> wanted)
    {
        if (status.Boolean("authenticated") != true)
        {
            return status.String("error") is { Length: > 0 } error ? Identification.Reject(error) : Identification.Nobody;
        }

        // A server that says nothing of audiences vouches for the API server alone.
        var given = Texts(status.Array("audiences"));
        var meant = wanted.Intersect(given.Count > 0 ? given : ServiceAccountTokens.DefaultAudiences, StringComparer.Ordinal).ToList();
        if (meant.Count == 0)
        {
            return Identification.Nobody;
        }

        var user = status.Object("user");
        var groups = Texts(user.Array("groups")).ToList();
        if (!groups.Contains(RequestUser.Authenticated))
        {
            groups.Add(RequestUser.Authenticated);
        }

        var extra = user.Object("extra")?.ToDictionary(pair => pair.Key, pair => Texts(pair.Value as JsonArray));
        return new Identification(new RequestUser(user.String("username") ?? "", groups, user.String("uid"), extra), Audiences: meant);
    }

    private static IReadOnlyList<string> Texts(JsonArray? list) => [.. (list ?? []).Select(node => node.AsString() ?? "")];
}
