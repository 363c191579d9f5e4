using Flotilla.Node.Shutdown;

namespace Flotilla.Node.Tests.Shutdown;

/// <summary>Against commands that behave as systemd's do: what they were asked is in a file, and what they tell comes from one.</summary>
public sealed class SystemdLogindTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-logind-");
    private readonly SystemdLogind logind;

    public SystemdLogindTests()
    {
        logind = new SystemdLogind(directory.FullName, Path.Combine(directory.FullName, "settings"));
        Program("systemctl", "exit 0");
        Program("busctl", """case $1 in get-property) echo t 5000000 ;; monitor) while [ ! -e "$here/go" ]; do sleep 0.05; done; cat "$here/go"; exec sleep 600 ;; esac""");
        Program("systemd-inhibit", """shift 4; "$@"; echo released >> "$here/calls" """);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task Its_longest_delay_is_read_and_set_until_the_next_start()
    {
        Assert.Equal(TimeSpan.FromSeconds(5), await logind.LongestDelayAsync(Cancel));
        await logind.SetLongestDelayAsync(TimeSpan.FromSeconds(29.5), Cancel);
        Assert.Equal("[Login]\nInhibitDelayMaxSec=30\n", await File.ReadAllTextAsync(Path.Combine(directory.FullName, "settings", "99-flotilla.conf"), Cancel));
        Assert.Equal(
            ["busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager InhibitDelayMaxUSec", "systemctl kill --signal=HUP systemd-logind.service"], Calls());
    }

    [Fact]
    public async Task It_waits_until_it_is_let_go()
    {
        var delay = logind.Delay();
        while (Calls().Length == 0)
        {
            await Task.Delay(10, Cancel);
        }

        await delay.DisposeAsync();
        await delay.DisposeAsync();
        Assert.Equal(["systemd-inhibit --what=shutdown --mode=delay --who=flotilla --why=Pods need time to end cat", "released"], Calls());
    }

    [Fact]
    public async Task It_tells_when_the_machine_goes_down_and_when_it_does_not()
    {
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "later"), """
            Monitoring bus message stream.
            {"type":"signal","member":"Other","payload":{"type":"b","data":[true]}}
            {"type":"signal","member":"PrepareForShutdown","payload":{"type":"b","data":[true]}}
            {"type":"signal","member":"PrepareForShutdown","payload":{"type":"b","data":[false]}}

            """, Cancel);
        File.Move(Path.Combine(directory.FullName, "later"), Path.Combine(directory.FullName, "go"));
        Assert.Equal([true, false], await logind.ShutdownsAsync(Cancel).Take(2).ToListAsync(Cancel));
    }

    [Fact]
    public async Task What_is_missing_is_told()
    {
        File.Delete(Path.Combine(directory.FullName, "busctl"));
        Assert.Contains("busctl cannot be started", (await Assert.ThrowsAsync<IOException>(() => logind.LongestDelayAsync(Cancel))).Message, StringComparison.Ordinal);
    }

    private string[] Calls() => File.Exists(Path.Combine(directory.FullName, "calls")) ? File.ReadAllLines(Path.Combine(directory.FullName, "calls")) : [];

    private void Program(string name, string script)
    {
        var path = Path.Combine(directory.FullName, name);
        File.WriteAllText(path, $"#!/bin/sh\nhere=$(dirname \"$0\")\necho \"{name} $*\" >> \"$here/calls\"\n{script}\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }
}
