using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Flotilla.Storage.Tests.Etcd;

/// <summary>A real etcd of one member, in a directory of its own, on ports that were free.</summary>
public sealed class EtcdProcess : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-etcd-");
    private readonly Uri peers = FreePort();
    private Process process;

    public EtcdProcess() => process = Start();

    public Uri Address { get; } = FreePort();

    /// <summary>As a power failure would, and starts it again.</summary>
    public void Crash()
    {
        Stop();
        Resume();
    }

    public void Resume() => process = Start();

    public void Stop()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    public void Dispose()
    {
        Stop();
        directory.Delete(recursive: true);
    }

    private Process Start()
    {
        var start = new ProcessStartInfo("etcd") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in (IEnumerable<(string, string)>)[
            ("data-dir", directory.FullName),
            ("listen-client-urls", $"{Address}"), ("advertise-client-urls", $"{Address}"),
            ("listen-peer-urls", $"{peers}"), ("initial-advertise-peer-urls", $"{peers}"), ("initial-cluster", $"default={peers}"),
            ("heartbeat-interval", "20"), ("election-timeout", "200"),
        ])
        {
            start.ArgumentList.Add($"--{name}={value.TrimEnd('/')}");
        }

        var started = Process.Start(start)!;
        started.ErrorDataReceived += (_, _) => { };
        started.OutputDataReceived += (_, _) => { };
        started.BeginErrorReadLine();
        started.BeginOutputReadLine();
        return started;
    }

    public static Uri FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }
}
