using Flotilla.Cel.Values;
using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine;

/// <summary>The filter <c>until</c> of the prune commands: a time, or a duration of Go like <c>1h30m</c> before now. Pure.</summary>
internal static class UntilFilter
{
    /// <exception cref="DockerException">It is neither.</exception>
    public static DateTime Parse(string text, DateTime now) =>
        Durations.TryParse(text, out var nanoseconds) ? now - TimeSpan.FromTicks(nanoseconds / 100) : TimeWords.Parse(text, "until") ?? DateTime.UnixEpoch;

    /// <summary>Of all filters; nothing is too new when there is none.</summary>
    /// <exception cref="DockerException">It is neither.</exception>
    public static DateTime Parse(Filters filters, DateTime now) => filters.Has("until") ? Parse(filters["until"][0], now) : DateTime.MaxValue;
}
