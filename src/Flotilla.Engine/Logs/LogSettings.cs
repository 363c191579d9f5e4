using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Logs;

/// <summary>How a container's log is kept, as its <c>LogConfig</c> says.</summary>
/// <param name="MaxBytes">Of a file, before the next is begun.</param>
/// <param name="Files">How many there are at most, the one that is written included; 0: nothing is kept.</param>
internal sealed record LogSettings(long MaxBytes, int Files)
{
    private const int UsualFiles = 2;
    private const int UsualFilesOfLocal = 5;
    private static readonly string[] Sizes = ["max-size", "max-file", "compress", "mode", "max-buffer-size"];
    private static readonly string[] Details = ["labels", "labels-regex", "env", "env-regex", "tag"];

    public bool KeepsNothing => Files == 0;

    /// <param name="host">A container's HostConfig.</param>
    /// <exception cref="DockerException">It names an unknown driver or option.</exception>
    public static void Check(JsonObject host)
    {
        var driver = DriverOf(host);
        if (!LogDrivers.All.Contains(driver))
        {
            throw DockerException.BadRequest($"error looking up logging plugin {driver}: plugin \"{driver}\" not found");
        }

        var known = driver == LogDrivers.Local ? Sizes : [.. Sizes, .. Details];
        if (driver != LogDrivers.None && ConfigOf(host).Select(option => option.Key).FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            throw DockerException.BadRequest(driver == LogDrivers.Local ? $"unknown log opt '{unknown}' for log driver local" : $"unknown log opt '{unknown}' for {driver} log driver");
        }
    }

    /// <param name="host">A container's HostConfig.</param>
    /// <param name="usualBytes">Where <c>max-size</c> is not said.</param>
    /// <exception cref="DockerException">A value that cannot be.</exception>
    public static LogSettings Of(JsonObject host, long usualBytes)
    {
        var driver = DriverOf(host);
        if (driver == LogDrivers.None)
        {
            return new LogSettings(0, 0);
        }

        var config = ConfigOf(host);
        var usualFiles = driver == LogDrivers.Local ? UsualFilesOfLocal : config.ContainsKey("max-size") ? 1 : UsualFiles;
        return new LogSettings(config.String("max-size") is { } size ? BytesOf(size) : usualBytes, config.String("max-file") is { } files ? CountOf(files) : usualFiles);
    }

    private static string DriverOf(JsonObject host) => host.Object("LogConfig").String("Type") is { Length: > 0 } said ? said : LogDrivers.JsonFile;

    private static JsonObject ConfigOf(JsonObject host) => host.Object("LogConfig").Object("Config") ?? [];

    private static int CountOf(string text) => !int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count)
        ? throw DockerException.BadRequest($"failed to initialize logging driver: strconv.Atoi: parsing \"{text}\": invalid syntax")
        : count < 1 ? throw DockerException.BadRequest("failed to initialize logging driver: max-file cannot be less than 1") : count;

    private static long BytesOf(string text) => HumanSize.Parse(text) switch
    {
        null => throw DockerException.BadRequest($"failed to initialize logging driver: invalid size: '{text}'"),
        < 1 => throw DockerException.BadRequest("failed to initialize logging driver: max-size must be a positive number"),
        { } bytes => bytes,
    };
}
