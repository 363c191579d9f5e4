using System.ComponentModel;
using System.Diagnostics;

namespace Flotilla.Linux.Commands;

/// <summary>What a command said.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;
}

/// <summary>A command of the machine is missing, failed or took too long; the message is fit for a user.</summary>
public sealed class CommandException(string message) : Exception(message);

/// <summary>
/// Runs <c>ip</c>, <c>nft</c> and the like, each for a bounded time.
/// A prefix such as <c>nsenter --net=...</c> makes them act in another network namespace.
/// </summary>
public sealed class HostCommands(params IReadOnlyList<string> prefix)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public Task<CommandResult> RunAsync(string command, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        RunAsync(command, arguments, null, cancellationToken);

    /// <param name="limit">How long it may take; null: 20 s.</param>
    /// <exception cref="CommandException">It is missing or took too long.</exception>
    public async Task<CommandResult> RunAsync(
        string command, IEnumerable<string> arguments, string? input, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        string[] line = [.. prefix, command, .. arguments];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception error)
        {
            throw new CommandException($"cannot run {line[0]}: {error.Message}");
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit ?? Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            var error = process.StandardError.ReadToEndAsync(timeout.Token);
            await FeedAsync(process.StandardInput, input, timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new CommandException($"{command} did not finish within {(limit ?? Limit).TotalSeconds} s");
        }
    }

    /// <summary>Runs a command that must succeed.</summary>
    /// <exception cref="CommandException">It is missing, failed or took too long.</exception>
    public async Task<string> DoAsync(string command, IEnumerable<string> arguments, CancellationToken cancellationToken, string? input = null, TimeSpan? limit = null)
    {
        var all = arguments.ToList();
        var result = await RunAsync(command, all, input, cancellationToken, limit);
        return result.Succeeded
            ? result.Output
            : throw new CommandException($"{command} {string.Join(' ', all)}: {result.Error.Trim()}");
    }

    private static async Task FeedAsync(StreamWriter stream, string? input, CancellationToken cancellationToken)
    {
        try
        {
            await using (stream)
            {
                await stream.WriteAsync(input.AsMemory(), cancellationToken);
            }
        }
        catch (IOException)
        {
            // The command ended before it read everything; its exit code and words tell why.
        }
    }
}
