using System.ComponentModel;
using System.Diagnostics;

namespace Flotilla.Engine.Linux;

/// <summary>A program of this machine (ip, nft, ctr), run to its end within a bounded time.</summary>
internal static class HostCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <returns>What it wrote to its output.</returns>
    /// <exception cref="HostCommandException">It is missing, took too long, or failed with the words of the exception.</exception>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string? input, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        using var process = Start(program, arguments);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(limit ?? Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(bounded.Token);
            var error = process.StandardError.ReadToEndAsync(bounded.Token);
            await FeedAsync(process, input, bounded.Token);
            await process.WaitForExitAsync(bounded.Token);
            return process.ExitCode == 0 ? await output : throw new HostCommandException($"{program}: {(await error).Trim()}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new HostCommandException($"{program} did not finish within {(limit ?? Limit).TotalSeconds} s");
        }
    }

    public static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new HostCommandException($"cannot run {program}: {error.Message}");
        }
    }

    private static async Task FeedAsync(Process process, string? input, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = process.StandardInput;
            await stream.WriteAsync(input.AsMemory(), cancellationToken);
        }
        catch (IOException)
        {
            // It ended before it read everything; its exit code and words tell why.
        }
    }
}

/// <summary>A program of the machine failed; the message is fit for a user.</summary>
internal sealed class HostCommandException(string message) : Exception(message);
