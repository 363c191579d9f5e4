using System.Net;

namespace Flotilla.Engine.Registries;

/// <summary>Where a registry answers. Pure.</summary>
internal static class RegistryAddress
{
    public const string Hub = "docker.io";
    private const string HubHost = "registry-1.docker.io";

    /// <param name="server">A host, with a port or not, or an address as <c>docker login</c> takes it.</param>
    /// <returns>Ends with <c>/v2/</c>.</returns>
    public static Uri Of(string server)
    {
        var at = server.IndexOf("://", StringComparison.Ordinal);
        var host = (at < 0 ? server : server[(at + 3)..]).Split('/')[0];
        host = host is "" or "index.docker.io" or Hub ? HubHost : host;
        return new Uri($"{(IsLoopback(host) ? "http" : "https")}://{host}/v2/");
    }

    /// <summary>Registries of the machine itself are asked without encryption, as by docker.</summary>
    public static bool IsLoopback(string host)
    {
        var name = host.Split(':')[0];
        return name == "localhost" || (IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address));
    }
}
