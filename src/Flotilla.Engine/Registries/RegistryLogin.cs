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
