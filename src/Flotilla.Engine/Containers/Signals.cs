using System.Globalization;
using Flotilla.Api.Signals;
using Flotilla.Docker;

namespace Flotilla.Engine.Containers;

/// <summary>Signals as docker takes them: <c>KILL</c>, <c>SIGKILL</c> or <c>9</c>.</summary>
internal static class Signals
{
    private const int Last = 64;

    /// <returns>null: nothing was said, or there is none such.</returns>
    public static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number is > 0 and <= Last ? number : null
        : text.Length == 0 ? null : SignalNames.NumberOf(text.ToUpperInvariant() is var upper && upper.StartsWith("SIG", StringComparison.Ordinal) ? upper : "SIG" + upper);

    /// <exception cref="DockerException">There is none such.</exception>
    public static int? Parse(string? text) => string.IsNullOrEmpty(text) ? null : Number(text) ?? throw DockerException.BadRequest($"invalid signal: {text}");
}
