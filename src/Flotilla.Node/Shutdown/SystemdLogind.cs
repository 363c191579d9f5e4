using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Node.Containerd;

namespace Flotilla.Node.Shutdown;

/// <summary>systemd's login manager, through the commands that come with it.</summary>
/// <param name="commands">Where <c>busctl</c>, <c>systemctl</c> and <c>systemd-inhibit</c> are; empty: in the search path.</param>
/// <param name="settings">The directory for settings that last until the machine restarts.</param>
internal sealed class SystemdLogind(string commands = "", string settings = SystemdLogind.SettingsDirectory) : ILogind
{
    /// <summary>What is written here is gone after a restart of the machine.</summary>
    public const string SettingsDirectory = "/run/systemd/logind.conf.d";

    private const string SettingsName = "99-flotilla.conf";
    private const string Running = "/run/systemd/system";
    private const string Login = "org.freedesktop.login1";
    private const string Manager = "org.freedesktop.login1.Manager";
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);

    /// <summary>null: this machine is not run by systemd.</summary>
    public static SystemdLogind? OfThisMachine => Directory.Exists(Running) ? new SystemdLogind() : null;

    public static void RemoveSettings()
    {
        var file = Path.Combine(SettingsDirectory, SettingsName);
        if (File.Exists(file))
        {
            File.Delete(file);
        }
    }

    public async Task<TimeSpan> LongestDelayAsync(CancellationToken cancellationToken)
    {
        var answer = await RunAsync("busctl", ["get-property", Login, "/org/freedesktop/login1", Manager, "InhibitDelayMaxUSec"], cancellationToken);
        return answer.Split(' ') is ["t", var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            ? TimeSpan.FromMicroseconds(microseconds)
            : throw new IOException($"busctl tells no delay but \"{answer}\"");
    }

    public async Task SetLongestDelayAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(settings);
        await File.WriteAllTextAsync(Path.Combine(settings, SettingsName), string.Create(CultureInfo.InvariantCulture, $"[Login]\nInhibitDelayMaxSec={Math.Ceiling(delay.TotalSeconds)}\n"), cancellationToken);
        await RunAsync("systemctl", ["kill", "--signal=HUP", "systemd-logind.service"], cancellationToken);
    }

    // It holds the lock for as long as its own command runs, and that one ends with its input, which is ours: even when we are killed.
    public IAsyncDisposable Delay() => new Held(Start(Program("systemd-inhibit"), "--what=shutdown", "--mode=delay", "--who=flotilla", "--why=Pods need time to end", "cat"));

    public async IAsyncEnumerable<bool> ShutdownsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Anybody may send such a signal: only the login manager's own counts. The shell ends it all when our side of its input is gone.
        await using var monitor = new Held(Start(
            "/bin/sh", "-c", "\"$@\" & monitor=$!; exec >&-; read -r _; kill $monitor", "sh",
            Program("busctl"), "monitor", "--json=short", $"--match=type='signal',sender='{Login}',interface='{Manager}',member='PrepareForShutdown'"));
        while (await monitor.Output.ReadLineAsync(cancellationToken) is { } line)
        {
            if (Begins(line) is { } begins)
            {
                yield return begins;
            }
        }
    }

    private static bool? Begins(string line)
    {
        try
        {
            var message = JsonNode.Parse(line);
            return (string?)message?["member"] == "PrepareForShutdown" ? (bool?)message["payload"]?["data"]?[0] : null;
        }
        catch (Exception other) when (other is JsonException or InvalidOperationException or FormatException)
        {
            // A line of its own, not a message.
            return null;
        }
    }

    private async Task<string> RunAsync(string command, string[] arguments, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(CommandTimeout);
        try
        {
            var result = await Command.RunAsync(Program(command), arguments, null, bounded.Token);
            return result.ExitCode == 0 ? result.Output.Trim() : throw new IOException($"{command}: {result.Explanation}");
        }
        catch (Win32Exception missing)
        {
            throw new IOException($"{command} cannot be started: {missing.Message}", missing);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"{command} did not answer in {CommandTimeout.TotalSeconds} s");
        }
    }

    private string Program(string command) => Path.Combine(commands, command);

    private static Process Start(string program, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        }
        catch (Win32Exception missing)
        {
            throw new IOException($"{program} cannot be started: {missing.Message}", missing);
        }
    }

    /// <summary>A process that ends when its input does.</summary>
    private sealed class Held(Process process) : IAsyncDisposable
    {
        private bool isOver;

        public StreamReader Output => process.StandardOutput;

        public async ValueTask DisposeAsync()
        {
            if (isOver)
            {
                return;
            }

            isOver = true;
            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(CommandTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            process.Dispose();
        }
    }
}
