using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;

namespace Flotilla.Engine.Registries;

/// <summary>Talks to one repository of one registry as one user. What the registry wants for it (a password or a token) is found out with the first request.</summary>
internal sealed class RegistryClient(HttpClient http, string host, string repository, RegistryLogin? login)
{
    private const int LongestAnswer = 4 << 20;
    private AuthenticationHeaderValue? authorization;

    public Uri Base { get; } = RegistryAddress.Of(host);

    /// <summary>A page of the repository, like <c>blobs/sha256:...</c>.</summary>
    public Uri Page(string page) => new(Base, $"{repository}/{page}");

    /// <summary>Sends what <paramref name="make"/> makes, once more with authorization where the registry asks for it. The caller disposes the answer.</summary>
    /// <exception cref="DockerException">Nobody answers there, or not to this user.</exception>
    public async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        var answer = await SendOnceAsync(make, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.Unauthorized)
        {
            return answer;
        }

        using (answer)
        {
            authorization = await AuthorizeAsync(answer, cancellationToken);
        }

        answer = await SendOnceAsync(make, cancellationToken);
        return answer.StatusCode != HttpStatusCode.Unauthorized ? answer : throw await RefusalAsync(answer, cancellationToken);
    }

    /// <summary>What the registry says is wrong, in its words. Disposes the answer.</summary>
    public static async Task<DockerException> RefusalAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            var error = text.Length < LongestAnswer && Json(text).Objects("errors").FirstOrDefault() is { } first
                ? $"{first.String("code")?.ToLowerInvariant().Replace('_', ' ')}: {first.String("message")}"
                : $"received unexpected HTTP status: {(int)answer.StatusCode} {answer.ReasonPhrase}";
            return new DockerException(answer.StatusCode is HttpStatusCode.NotFound ? 404 : 500, answer.StatusCode == HttpStatusCode.Unauthorized ? $"{Asked(answer)}: {error}" : error);
        }
    }

    /// <summary>The tags of the repository.</summary>
    public async Task<IReadOnlyList<string>> TagsAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, Page("tags/list")), cancellationToken);
        return answer.IsSuccessStatusCode
            ? [.. Json(await answer.Content.ReadAsStringAsync(cancellationToken)).Array("tags")?.Select(tag => tag.AsString()).OfType<string>() ?? []]
            : throw await RefusalAsync(answer, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendOnceAsync(Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        using var request = make();
        request.Headers.Authorization ??= authorization;
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException away)
        {
            throw new DockerException(500, $"Get \"{Base}\": {Reason(away)}");
        }
    }

    private async Task<AuthenticationHeaderValue?> AuthorizeAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (RegistryChallenge.Of(answer) is { } challenge)
        {
            return await TokenAsync(challenge, cancellationToken);
        }

        return login is null ? throw new DockerException(500, $"{Asked(answer)}: no basic auth credentials") : login.Basic;
    }

    private async Task<AuthenticationHeaderValue> TokenAsync(RegistryChallenge challenge, CancellationToken cancellationToken)
    {
        using var answer = await SendOnceAsync(
            () => new HttpRequestMessage(HttpMethod.Get, challenge.Address(login?.User, $"repository:{repository}:pull,push")) { Headers = { Authorization = login?.Basic } }, cancellationToken);
        var body = Json(await answer.Content.ReadAsStringAsync(cancellationToken));
        return answer.IsSuccessStatusCode && (body.String("token") ?? body.String("access_token")) is { } token
            ? new AuthenticationHeaderValue("Bearer", token)
            : throw new DockerException(500, "unauthorized: " + (body.String("details") ?? body.Objects("errors").FirstOrDefault().String("message") ?? "authentication required"));
    }

    /// <summary>As Go's programs say why nobody answers.</summary>
    public static string Reason(HttpRequestException away) => away.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? "connect: connection refused"
        : away.InnerException is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } ? "no such host" : away.Message;

    private static string Asked(HttpResponseMessage answer) =>
        answer.RequestMessage is { Method.Method: var method, RequestUri: var page } ? $"{method[0]}{method[1..].ToLowerInvariant()} \"{page}\"" : "";

    private static JsonNode? Json(string text)
    {
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
