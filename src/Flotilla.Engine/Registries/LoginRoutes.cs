using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;

namespace Flotilla.Engine.Registries;

/// <summary><c>docker login</c>: whether a registry takes a name and a password. The CLI keeps them, nobody here does.</summary>
internal sealed class LoginRoutes(HttpClient http)
{
    public IEnumerable<Route> All => [new("POST", "/auth", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        var registry = RegistryAddress.Of(body.String("serveraddress") ?? "");
        var login = new RegistryLogin(body.String("username") ?? "", body.String("password") ?? "", "");
        try
        {
            using var first = await AskAsync(registry, login.Basic, cancellationToken);
            if (first.StatusCode != HttpStatusCode.Unauthorized || RegistryChallenge.Of(first) is not { } challenge)
            {
                return first.IsSuccessStatusCode ? Succeeded() : throw new DockerException(500, $"login attempt to {registry} failed with status: {(int)first.StatusCode} {first.ReasonPhrase}");
            }

            using var second = await AskAsync(challenge.Address(login.User, ""), login.Basic, cancellationToken);
            return second.IsSuccessStatusCode ? Succeeded() : throw new DockerException(401, $"Get \"{registry}\": unauthorized: incorrect username or password");
        }
        catch (HttpRequestException away)
        {
            throw new DockerException(500, $"Get \"{registry}\": {RegistryClient.Reason(away)}");
        }
    }

    private async Task<HttpResponseMessage> AskAsync(Uri address, AuthenticationHeaderValue login, CancellationToken cancellationToken)
    {
        using var asked = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Authorization = login } };
        return await http.SendAsync(asked, cancellationToken);
    }

    private static DockerAnswer Succeeded() => DockerAnswer.Json(new JsonObject { ["Status"] = "Login Succeeded", ["IdentityToken"] = "" });
}
