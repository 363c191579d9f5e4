using System.Text;
using System.Text.Json;
using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Registry;

/// <summary>
/// The logins for registries that a pod's pull secrets hold. An entry covers a registry or a path in it; the more exact one
/// is tried first, and of two for the same place the one of the earlier secret. Pure.
/// </summary>
internal static class RegistryCredentials
{
    private const string DockerHub = "docker.io";

    // What docker login writes for its default registry.
    private const string DockerHubLogin = "index.docker.io";

    /// <param name="image">A full image name.</param>
    public static IEnumerable<AuthConfig> For(IEnumerable<V1Secret> secrets, string image) => secrets
        .SelectMany(Entries)
        .Where(entry => Covers(entry.Place, image))
        .OrderByDescending(entry => entry.Place, StringComparer.Ordinal)
        .Select(entry => entry.Login);

    private static IEnumerable<(string Place, AuthConfig Login)> Entries(V1Secret secret)
    {
        var data = secret.Data ?? new Dictionary<string, byte[]>(StringComparer.Ordinal);
        return data.TryGetValue(".dockerconfigjson", out var config) ? Read(config, inAuths: true)
            : data.TryGetValue(".dockercfg", out var old) ? Read(old, inAuths: false)
            : [];
    }

    // A secret that is no docker configuration grants nothing; the registry's refusal will tell.
    private static List<(string Place, AuthConfig Login)> Read(byte[] json, bool inAuths)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var entries = inAuths ? document.RootElement.GetProperty("auths") : document.RootElement;
            return [.. entries.EnumerateObject().Select(entry => (PlaceOf(entry.Name), Login(entry.Value)))];
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            return [];
        }
    }

    // "https://index.docker.io/v1/" means the host alone.
    private static string PlaceOf(string server)
    {
        var scheme = server.IndexOf("://", StringComparison.Ordinal);
        var place = (scheme < 0 ? server : server[(scheme + 3)..]).TrimEnd('/');
        var path = place.IndexOf('/');
        if (path >= 0 && place[path..] is var rest && (rest is "/v1" or "/v2" || rest.StartsWith("/v1/", StringComparison.Ordinal) || rest.StartsWith("/v2/", StringComparison.Ordinal)))
        {
            place = place[..path] + rest[3..];
        }
        return place == DockerHubLogin ? DockerHub : place;
    }

    // Hosts match label by label, where * stands for any of one label; paths match by their beginning.
    private static bool Covers(string place, string image)
    {
        var (host, path) = Split(place);
        var (imageHost, imagePath) = Split(image);
        var labels = host.Split('.', ':');
        var imageLabels = imageHost.Split('.', ':');
        return labels.Length == imageLabels.Length
            && host.Contains(':', StringComparison.Ordinal) == imageHost.Contains(':', StringComparison.Ordinal)
            && labels.Zip(imageLabels).All(pair => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pair.First, pair.Second, ignoreCase: false))
            && imagePath.StartsWith(path, StringComparison.Ordinal);
    }

    private static (string Host, string Path) Split(string name)
    {
        var slash = name.IndexOf('/');
        return slash < 0 ? (name, "") : (name[..slash], name[slash..]);
    }

    private static AuthConfig Login(JsonElement entry)
    {
        if (Text(entry, "auth") is { Length: > 0 } encoded)
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(encoded)).Split(':', 2);
            return new AuthConfig { Username = pair[0], Password = pair.Length > 1 ? pair[1] : "" };
        }
        return new AuthConfig { Username = Text(entry, "username"), Password = Text(entry, "password") };
    }

    private static string Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
