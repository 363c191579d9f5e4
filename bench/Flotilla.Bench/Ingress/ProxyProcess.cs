using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Flotilla.Bench.Ingress;

/// <summary>A server in a process of its own, with the processor time that it and its children have used.</summary>
internal sealed class ProxyProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Process process;
    private readonly DirectoryInfo directory;

    private ProxyProcess(string name, int port, Func<DirectoryInfo, ProcessStartInfo> start)
    {
        (Name, Port) = (name, port);
        directory = Directory.CreateTempSubdirectory("flotilla-bench-");
        var info = start(directory);
        info.RedirectStandardOutput = true;
        process = Process.Start(info)!;
    }

    public string Name { get; }

    public int Port { get; }

    public TimeSpan ProcessorTime => TimeSpan.FromSeconds(Everybody().Sum(TicksOf) / 100.0);

    public long ResidentBytes => Everybody().Sum(id => long.Parse(File.ReadAllText($"/proc/{id}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize);

    public static ProxyProcess Nginx(string name, Func<int, string> configuration)
    {
        var port = FreePort();
        return new ProxyProcess(name, port, directory =>
        {
            var file = Path.Combine(directory.FullName, "nginx.conf");
            File.WriteAllText(file, configuration(port));
            return new ProcessStartInfo("nginx", ["-p", directory.FullName, "-c", file, "-e", "stderr"]);
        });
    }

    /// <summary>This program again.</summary>
    public static ProxyProcess Self(string name, string kind, int backend)
    {
        var port = FreePort();
        return new ProxyProcess(name, port, _ => new ProcessStartInfo(
            "dotnet", [typeof(ProxyProcess).Assembly.Location, ServeIngressCommand.Name, kind, Number(port), Number(backend)]));
    }

    /// <summary>Until it answers.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Host = "site.test";
        for (var started = Stopwatch.StartNew(); ; await Task.Delay(50, cancellationToken))
        {
            try
            {
                using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{Port}/"), cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!process.HasExited && started.Elapsed < Patience)
            {
                // Not open yet.
            }

            if (started.Elapsed > Patience)
            {
                throw new TimeoutException($"{Name} does not answer on port {Port}.");
            }
        }
    }

    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
        directory.Delete(recursive: true);
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private IEnumerable<int> Everybody() =>
        [process.Id, .. File.ReadAllText($"/proc/{process.Id}/task/{process.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    /// <summary>In user and in kernel mode, hundredths of seconds.</summary>
    private static long TicksOf(int id)
    {
        var fields = File.ReadAllText($"/proc/{id}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
    }
}
