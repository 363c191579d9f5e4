using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Flotilla.Storage.Etcd.Running;

/// <summary>
/// etcd as a process: found by its pid file and its command line, started in a session of its own and writing to a file,
/// so that it outlives a server that is killed. etcd itself locks its data, so that there is never a second one.
/// </summary>
public static class EtcdProcess
{
    private const string Script = """umask 077; log=$1; shift; echo $$ >"$0" && exec setsid "$@" </dev/null >>"$log" 2>&1""";
    private const int Terminate = 15;
    private const int Kill = 9;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Ends the member of this machine, if it runs.</summary>
    public static async Task StopAsync(EtcdMemberOptions options, CancellationToken cancellationToken)
    {
        if (Find(options) is not { } process)
        {
            return;
        }

        Signal(process, Terminate);
        var begun = Stopwatch.GetTimestamp();
        while (Find(options) == process)
        {
            if (Stopwatch.GetElapsedTime(begun) > options.StopTimeout)
            {
                Signal(process, Kill);
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Its process number, or null. A reused number is told by the command line.</summary>
    public static int? Find(EtcdMemberOptions options)
    {
        try
        {
            var process = int.Parse(File.ReadAllText(options.PidFile).Trim(), CultureInfo.InvariantCulture);
            return Arguments(process).Contains(EtcdArguments.DataDirectoryFlag(options), StringComparer.Ordinal) ? process : null;
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A zombie has none.</summary>
    internal static string[] Arguments(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <exception cref="StorageException">It cannot even be tried.</exception>
    internal static async Task<int> StartAsync(EtcdMemberOptions options, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(options.DataDirectory)!);

        // $0 pid file, $1 log, then etcd. The shell becomes etcd, so its number is known. A pipe would end with us.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var argument in (string[])["-c", Script, options.PidFile, options.LogFile, options.Program, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            var process = Process.Start(start)!;

            // Not before it is etcd itself: what is in the middle of becoming it has no arguments, as what has ended.
            while (Arguments(process.Id).FirstOrDefault() != options.Program && !process.HasExited)
            {
                await Task.Delay(Pause, cancellationToken);
            }

            return process.Id;
        }
        catch (Win32Exception failure)
        {
            throw new StorageException($"etcd could not be started: {failure.Message}", failure);
        }
    }

    private static void Signal(int process, int signal) => _ = kill(process, signal);

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
#pragma warning disable SYSLIB1054 // Source-generated imports would need unsafe code for nothing: both arguments are plain numbers.
    private static extern int kill(int process, int signal);
#pragma warning restore SYSLIB1054
}
