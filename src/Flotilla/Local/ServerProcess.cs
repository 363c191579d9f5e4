using System.Diagnostics;
using System.Globalization;
using Flotilla.Upgrades;

namespace Flotilla.Local;

/// <summary>The server, or the agent, of one data directory as a process of this machine: found, started detached, stopped.</summary>
internal sealed class ServerProcess(ClusterSettings settings)
{
    public const string CommandName = "server";
    public const string AgentName = "agent";
    private const long LogLimitBytes = 16 * 1024 * 1024;
    public static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan TakeTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Its process number, or null. A number that meanwhile belongs to somebody else is told by the command line.</summary>
    public int? Find()
    {
        try
        {
            var process = int.Parse(File.ReadAllText(settings.PidFile).Trim(), CultureInfo.InvariantCulture);
            return IsOne($"/proc/{process}") ? process : null;
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The same, but one that somebody started a moment ago may yet take the directory.</summary>
    public async Task<int?> FindStartedAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (Find() is null && Stopwatch.GetElapsedTime(start) < TakeTimeout && IsBeingStarted())
        {
            await Task.Delay(PollInterval, cancellationToken);
        }

        return Find();
    }

    /// <summary>Whether it was started as by <see cref="StartAsync"/>, not in somebody's foreground.</summary>
    public bool IsDetached(int process) => new FileInfo($"/proc/{process}/fd/2").LinkTarget is { } errors && errors.StartsWith(settings.LogFile, StringComparison.Ordinal);

    /// <summary>In a session of its own, so that closing the terminal does not end it.</summary>
    /// <param name="prefix">A command that runs it, e.g. in another network namespace.</param>
    /// <param name="program">null: this one, of which a copy is kept.</param>
    /// <returns>The process's number.</returns>
    public async Task<int> StartAsync(IReadOnlyList<string> prefix, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken, FlotillaProgram? program = null)
    {
        program ??= new ProgramFolder(settings.DataDirectory).Keep(FlotillaProgram.Own);
        RotateLog();

        // Where it tells how far it is, even if that is nowhere.
        Directory.CreateDirectory(settings.RunDirectory);
        const string script = """log=$1; shift; (umask 077; : >>"$log"); setsid "$@" </dev/null >>"$log" 2>&1 & echo $!""";
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var argument in (string[])["-c", script, "sh", settings.LogFile, .. prefix, .. program.Words, settings.Agent is null ? CommandName : AgentName, "--data-dir", settings.DataDirectory])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var shell = Process.Start(start)!;
        var number = await shell.StandardOutput.ReadToEndAsync(cancellationToken);
        await shell.WaitForExitAsync(cancellationToken);
        return int.Parse(number.Trim(), CultureInfo.InvariantCulture);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Find() is not { } process)
        {
            return;
        }

        Signals.AskToStop(process);
        var start = Stopwatch.GetTimestamp();
        while (Find() is not null)
        {
            if (Stopwatch.GetElapsedTime(start) > StopTimeout)
            {
                Signals.KillNow(process);
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        File.Delete(settings.PidFile);
    }

    public string LastLogLine()
    {
        try
        {
            return File.ReadLines(settings.LogFile).LastOrDefault(line => !string.IsNullOrWhiteSpace(line))?.Trim() ?? "it logged nothing";
        }
        catch (IOException)
        {
            return "it left no log";
        }
    }

    private bool IsBeingStarted() => Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(path[^1])).Any(path =>
    {
        try
        {
            return IsOne(path);
        }
        catch (Exception ended) when (ended is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    });

    private bool IsOne(string process)
    {
        var arguments = File.ReadAllText(Path.Combine(process, "cmdline")).Split('\0');
        return arguments.Any(argument => argument is CommandName or AgentName) && arguments.Contains(settings.DataDirectory, StringComparer.Ordinal);
    }

    private void RotateLog()
    {
        var log = new FileInfo(settings.LogFile);
        if (log.Exists && log.Length > LogLimitBytes)
        {
            log.MoveTo(settings.LogFile + ".1", overwrite: true);
        }
    }
}
