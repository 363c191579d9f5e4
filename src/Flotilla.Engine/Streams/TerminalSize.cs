using System.Globalization;
using Flotilla.Docker;

namespace Flotilla.Engine.Streams;

/// <summary>Rows and columns as resize requests say them.</summary>
internal static class TerminalSize
{
    /// <exception cref="DockerException">It is no number.</exception>
    public static uint Of(DockerRequest request, string name) => uint.TryParse(request.Query(name), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
        ? size
        : throw DockerException.BadRequest($"invalid resize {(name == "h" ? "height" : "width")} \"{request.Query(name)}\": strconv.ParseUint: parsing \"{request.Query(name)}\": invalid syntax");
}
