using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Engine.Images;

/// <summary>Who asks a registry, as the CLI sends it with each pull and push.</summary>
internal sealed record RegistryLogin(string User, string Password, string IdentityToken)
{
    /// <returns>null: nobody in particular.</returns>
    public static RegistryLogin? From(HttpRequest request)
    {
        var text = request.Headers["X-Registry-Auth"].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            var said = JsonNode.Parse(Base64Url.DecodeFromChars(text.TrimEnd('=').Replace('+', '-').Replace('/', '_')));
            var login = new RegistryLogin(said.String("username") ?? "", said.String("password") ?? "", said.String("identitytoken") ?? "");
            return login is { User: "", IdentityToken: "" } ? null : login;
        }
        catch (Exception wrong) when (wrong is FormatException or JsonException)
        {
            throw DockerException.BadRequest("invalid X-Registry-Auth header");
        }
    }
}

/// <summary><c>docker login</c>: whether a registry takes a name and a password. The CLI keeps them, nobody here does.</summary>
internal sealed class LoginRoutes(HttpClient http)
{
    private const string HubHost = "registry-1.docker.io";

    public IEnumerable<Route> All => [new("POST", "/auth", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        var registry = AddressOf(body.String("serveraddress") ?? "");
        var basic = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{body.String("username")}:{body.String("password")}")));
        try
        {
            using var first = await AskAsync(registry, basic, cancellationToken);
            var challenge = first.Headers.WwwAuthenticate.FirstOrDefault(way => way.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase));
            if (first.StatusCode == HttpStatusCode.Unauthorized && challenge?.Parameter is { } parameter)
            {
                using var second = await AskAsync(TokenAddress(parameter, body.String("username") ?? ""), basic, cancellationToken);
                return Judge(second, registry);
            }

            return Judge(first, registry);
        }
        catch (HttpRequestException away)
        {
            throw new DockerException(500, $"Get \"{registry}\": {away.Message}");
        }
    }

    private async Task<HttpResponseMessage> AskAsync(Uri address, AuthenticationHeaderValue login, CancellationToken cancellationToken)
    {
        using var asked = new HttpRequestMessage(HttpMethod.Get, address);
        asked.Headers.Authorization = login;
        return await http.SendAsync(asked, cancellationToken);
    }

    private static DockerAnswer Judge(HttpResponseMessage answer, Uri registry) => answer.IsSuccessStatusCode
        ? DockerAnswer.Json(new JsonObject { ["Status"] = "Login Succeeded", ["IdentityToken"] = "" })
        : throw new DockerException(answer.StatusCode == HttpStatusCode.Unauthorized ? 401 : 500, answer.StatusCode == HttpStatusCode.Unauthorized
            ? $"Get \"{registry}\": unauthorized: incorrect username or password"
            : $"login attempt to {registry} failed with status: {(int)answer.StatusCode} {answer.ReasonPhrase}");

    private static Uri AddressOf(string server)
    {
        var text = server.Contains("://", StringComparison.Ordinal) ? server[(server.IndexOf("://", StringComparison.Ordinal) + 3)..] : server;
        var host = text.Split('/')[0];
        host = host is "" or "index.docker.io" or "docker.io" ? HubHost : host;
        return new Uri($"{(IsLoopback(host) ? "http" : "https")}://{host}/v2/");
    }

    /// <summary>Registries of the machine itself are asked without encryption, as by docker.</summary>
    public static bool IsLoopback(string host)
    {
        var name = host.Split(':')[0];
        return name == "localhost" || (IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address));
    }

    private static Uri TokenAddress(string challenge, string user)
    {
        var said = challenge.Split(',').Select(part => part.Trim().Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1].Trim('"'), StringComparer.OrdinalIgnoreCase);
        return new Uri($"{said.GetValueOrDefault("realm")}?service={Uri.EscapeDataString(said.GetValueOrDefault("service") ?? "")}&account={Uri.EscapeDataString(user)}");
    }
}
