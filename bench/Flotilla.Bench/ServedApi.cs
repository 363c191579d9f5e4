using System.Diagnostics;

namespace Flotilla.Bench;

/// <summary>A child process of this program that serves an API for as long as it is needed.</summary>
internal sealed class ServedApi : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-bench-");
    private readonly Process process;

    private ServedApi(string what)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])["exec", typeof(ServedApi).Assembly.Location, "serve", what, directory.FullName])
        {
            start.ArgumentList.Add(argument);
        }

        process = Process.Start(start) ?? throw new InvalidOperationException("The server could not be started.");
    }

    public string Kubeconfig => Path.Combine(directory.FullName, "kubeconfig");

    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public int ProcessId => process.Id;

    /// <param name="what"><c>api</c>: an API server over SQLite without a node. <c>ceiling</c>: prepared bytes over TLS.</param>
    public static async Task<ServedApi> StartAsync(string what)
    {
        var api = new ServedApi(what);
        if (await api.process.StandardOutput.ReadLineAsync() != "ready")
        {
            await api.DisposeAsync();
            throw new InvalidOperationException("The server did not start.");
        }

        return api;
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
        directory.Delete(recursive: true);
    }
}
