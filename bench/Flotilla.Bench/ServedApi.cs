using System.Diagnostics;

namespace Flotilla.Bench;

/// <summary>A child process of this program that serves an API for as long as it is needed.</summary>
/// <param name="what"><c>api</c>: an API server over SQLite without a node. <c>ceiling</c>: prepared bytes over TLS.
/// <c>scheduler</c>: the API server and the scheduler. <c>control-plane</c>: the controllers too.
/// <c>swarm</c>: those of a swarm and its Docker API as well.</param>
internal sealed class ServedApi(string what) : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-bench-");
    private Process? process;

    public string Kubeconfig => Path.Combine(directory.FullName, "kubeconfig");

    public string Database => Path.Combine(directory.FullName, ServeCommand.DatabaseName);

    public string DockerSocket => Path.Combine(directory.FullName, ServeCommand.SocketName);

    public long ResidentBytes => Fresh.WorkingSet64;

    public TimeSpan ProcessorTime => Fresh.TotalProcessorTime;

    private Process Fresh
    {
        get
        {
            var running = process ?? throw new InvalidOperationException("The server was not started.");
            running.Refresh();
            return running;
        }
    }

    public static async Task<ServedApi> StartAsync(string what)
    {
        var api = new ServedApi(what);
        await api.StartAsync();
        return api;
    }

    /// <summary>Returns once the server answers.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])["exec", typeof(ServedApi).Assembly.Location, "serve", what, directory.FullName])
        {
            start.ArgumentList.Add(argument);
        }

        process = Process.Start(start) ?? throw new InvalidOperationException("The server could not be started.");
        if (await process.StandardOutput.ReadLineAsync() != "ready")
        {
            throw new InvalidOperationException("The server did not start.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        directory.Delete(recursive: true);
    }
}
