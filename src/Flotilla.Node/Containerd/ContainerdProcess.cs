using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Flotilla.Node.Linux;

namespace Flotilla.Node.Containerd;

/// <summary>containerd as a process: found by its pid file and its command line, started detached, ended by signal.</summary>
internal static class ContainerdProcess
{
    // Between the shell's end and its child's beginning a machine under load may do much else.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    public static string LogFile(NodeOptions options) => Path.Combine(options.DataDirectory, "containerd.log");

    private static string PidFile(NodeOptions options) => Path.Combine(options.RunDirectory, "containerd.pid");

    /// <summary>The process of our containerd; null when it does not run. A reused process number is told by its command line.</summary>
    public static int? Find(NodeOptions options)
    {
        try
        {
            var process = int.Parse(File.ReadAllText(PidFile(options)).Trim(), CultureInfo.InvariantCulture);
            return Processes.Arguments(process).Contains(ContainerdConfiguration.ConfigFile(options), StringComparer.Ordinal) ? process : null;
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static async Task StartAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        if (!IsProgram(options.ContainerdBinary))
        {
            throw new InvalidOperationException($"containerd could not be started: there is no program {options.ContainerdBinary}.");
        }
        // $1 pid file, $2 log, $3 containerd, $4 configuration. The inner shell becomes containerd, so its number is known.
        const string script = """
            ulimit -n 1048576 2>/dev/null || ulimit -n "$(ulimit -Hn)"
            setsid sh -c 'echo $$ > "$1" && exec "$3" --config "$4"' sh "$@" </dev/null >>"$2" 2>&1 &
            """;
        string[] arguments =
            ["-c", script, "sh", PidFile(options), LogFile(options), options.ContainerdBinary, ContainerdConfiguration.ConfigFile(options)];
        File.Delete(PidFile(options));
        var result = await RunShellAsync(arguments, cancellationToken);
        if (result != 0)
        {
            throw new InvalidOperationException($"containerd could not be started (exit code {result}).");
        }
        var start = Stopwatch.GetTimestamp();
        while (Find(options) is null)
        {
            if (Stopwatch.GetElapsedTime(start) > StartTimeout)
            {
                throw new InvalidOperationException($"containerd could not be started: {LastLogLine(options)}");
            }
            await Task.Delay(10, cancellationToken);
        }
    }

    public static async Task StopAsync(int process, CancellationToken cancellationToken)
    {
        Native.Signal(process, Native.SignalTerminate);
        var start = Stopwatch.GetTimestamp();
        while (Processes.IsAlive(process))
        {
            if (Stopwatch.GetElapsedTime(start) > StopTimeout)
            {
                Native.Signal(process, Native.SignalKill);
            }
            await Task.Delay(20, cancellationToken);
        }
    }

    public static string LastLogLine(NodeOptions options)
    {
        try
        {
            return File.ReadLines(LogFile(options)).LastOrDefault(line => line.Length > 0) ?? "it logged nothing";
        }
        catch (IOException)
        {
            return "it left no log";
        }
    }

    private static bool IsProgram(string name) => name.Contains('/', StringComparison.Ordinal)
        ? File.Exists(name)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, name)));

    // Not redirected: a pipe would be inherited by containerd and keep us waiting for its end.
    private static async Task<int> RunShellAsync(string[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
            foreach (var argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }
            using var shell = Process.Start(start)!;
            await shell.WaitForExitAsync(cancellationToken);
            return shell.ExitCode;
        }
        catch (Win32Exception failure)
        {
            throw new InvalidOperationException($"/bin/sh could not be started: {failure.Message}", failure);
        }
    }
}
