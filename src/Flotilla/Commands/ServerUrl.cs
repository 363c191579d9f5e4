using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>Where a server answers, as users write it.</summary>
internal static class ServerUrl
{
    /// <param name="flag">That it was given by.</param>
    /// <exception cref="UserError">It is none.</exception>
    public static Uri Parse(string flag, string text) => Uri.TryCreate(text, UriKind.Absolute, out var server) && server.Scheme == Uri.UriSchemeHttps && server.AbsolutePath == "/"
        ? server.IsDefaultPort && !text.EndsWith(":443", StringComparison.Ordinal) ? new UriBuilder(server) { Port = new ClusterSettings { RunDirectory = "" }.ApiPort }.Uri : server
        : throw new UserError($"{flag} {text} must be an https address like https://10.0.0.1:6443.");
}
