using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Linux.Commands;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>
/// This process's terminal, which passes every key on as it is until disposed. It is set by a program that is not given the terminal as its own: after one that
/// is, the runtime sets the terminal back.
/// </summary>
internal sealed class LocalTerminal : IAsyncDisposable
{
    private static readonly HostCommands Commands = new();
    private readonly string before;

    private LocalTerminal(string before) => this.before = before;

    /// <exception cref="UserError">There is none.</exception>
    public static async Task<LocalTerminal> TakeAsync(CancellationToken cancellationToken)
    {
        var before = await SetAsync(["-g"], cancellationToken);
        await SetAsync(["raw", "-echo"], cancellationToken);
        return new LocalTerminal(before);
    }

    /// <returns>As the server wants it; null: unknown.</returns>
    public static async Task<JsonObject?> SizeAsync(CancellationToken cancellationToken)
    {
        var words = (await SetAsync(["size"], cancellationToken)).Split(' ');
        return words.Length == 2 && int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var height) && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            ? new JsonObject { ["Width"] = width, ["Height"] = height } : null;
    }

    public async ValueTask DisposeAsync() => await Commands.RunAsync("stty", ["-F", "/dev/tty", before], CancellationToken.None);

    private static async Task<string> SetAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var result = await Commands.RunAsync("stty", ["-F", "/dev/tty", .. arguments], cancellationToken);
        return result.Succeeded ? result.Output.Trim() : throw new UserError("The input is not a terminal; leave -t out.");
    }
}
