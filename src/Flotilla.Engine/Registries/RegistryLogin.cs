using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Engine.Registries;

/// <summary>Who asks a registry, as the CLI sends it with each pull and push.</summary>
internal sealed record RegistryLogin(string User, string Password, string IdentityToken)
{
    public AuthenticationHeaderValue Basic => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")));

    /// <returns>null: nobody in particular.</returns>
    public static RegistryLogin? From(HttpRequest request) => Of(Header(request, "X-Registry-Auth"));

    /// <summary>As a build sends it: for each registry its own.</summary>
    /// <returns>By host.</returns>
    public static IReadOnlyDictionary<string, RegistryLogin> AllFrom(HttpRequest request)
    {
        Dictionary<string, RegistryLogin> logins = new(StringComparer.Ordinal);
        foreach (var (server, said) in Header(request, "X-Registry-Config") as JsonObject ?? [])
        {
            if (Of(said) is { } login)
            {
                var host = server[(server.IndexOf("://", StringComparison.Ordinal) is var at && at < 0 ? 0 : at + 3)..].Split('/')[0];
                logins[host == "index.docker.io" ? RegistryAddress.Hub : host] = login;
            }
        }

        return logins;
    }

    private static RegistryLogin? Of(JsonNode? said)
    {
        var login = new RegistryLogin(said.String("username") ?? "", said.String("password") ?? "", said.String("identitytoken") ?? "");
        return login is { User: "", IdentityToken: "" } ? null : login;
    }

    private static JsonNode? Header(HttpRequest request, string name)
    {
        var text = request.Headers[name].ToString();
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(Base64Url.DecodeFromChars(text.TrimEnd('=').Replace('+', '-').Replace('/', '_')));
        }
        catch (Exception wrong) when (wrong is FormatException or JsonException)
        {
            throw DockerException.BadRequest($"invalid {name} header");
        }
    }
}
