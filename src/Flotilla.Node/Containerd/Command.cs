using System.Diagnostics;
using System.Text;

namespace Flotilla.Node.Containerd;

/// <summary>A program run to its end, with its output. Cancelling kills it.</summary>
internal static class Command
{
    public static async Task<CommandResult> RunAsync(
        string program, IReadOnlyList<string> arguments, Stream? input, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await FeedAsync(process, input, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        catch
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
            throw;
        }
    }

    private static async Task FeedAsync(Process process, Stream? input, CancellationToken cancellationToken)
    {
        try
        {
            if (input is not null)
            {
                await input.CopyToAsync(process.StandardInput.BaseStream, cancellationToken);
            }
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended before it read everything: its exit code and error output tell why.
        }
    }
}

internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public string Explanation => new StringBuilder(Error.Trim()).Append(Error.Length == 0 ? Output.Trim() : "").ToString();
}
