using System.Diagnostics;
using System.Text;

namespace Flotilla.EndToEnd.Tools;

internal sealed record CommandOutput(string Line, int ExitCode, string Output, string Error)
{
    public string All => Output + Error;

    /// <summary>The output of a command that must have succeeded.</summary>
    public string Success()
    {
        Assert.True(ExitCode == 0, $"{Line}\nexit code {ExitCode}\n{Output}\n{Error}");
        return Output.Trim();
    }

    /// <summary>The error of a command that must have failed.</summary>
    public string Failure()
    {
        Assert.True(ExitCode != 0, $"{Line}\nwas expected to fail\n{Output}");
        return Error.Trim();
    }
}

/// <summary>Runs programs as a user would, each for a bounded time.</summary>
internal static class CommandLine
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public static async Task<CommandOutput> RunAsync(
        string program, IEnumerable<string> arguments, string? input = null,
        IReadOnlyDictionary<string, string>? environment = null, TimeSpan? limit = null)
    {
        using var process = Start(program, arguments, environment);
        var line = $"{Path.GetFileName(program)} {string.Join(' ', process.StartInfo.ArgumentList)}";
        using var timeout = new CancellationTokenSource(limit ?? Limit);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var error = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), timeout.Token);
            }

            process.StandardInput.Close();
            await process.WaitForExitAsync(timeout.Token);
            return new CommandOutput(line, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{line} did not finish in time");
        }
    }

    public static Process Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = Repository.Root,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
    }
}
