using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Client.Metrics;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>Health, version and metrics: what is asked of the server itself.</summary>
public sealed class ServerStatus(IStore store, RequestMetrics metrics, TimeProvider time)
{
    public const string Version = "v1.36.2";

    private static readonly JsonObject VersionInfo = new()
    {
        ["major"] = "1",
        ["minor"] = "36",
        ["emulationMajor"] = "1",
        ["emulationMinor"] = "36",
        ["minCompatibilityMajor"] = "1",
        ["minCompatibilityMinor"] = "35",
        ["gitVersion"] = Version,
        ["gitCommit"] = "unknown",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "none",
        ["compiler"] = "dotnet",
        ["platform"] = "linux/" + (System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64"),
    };

    // As long as upstream's check of etcd may take.
    private static readonly TimeSpan StorageTimeout = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset started = time.GetUtcNow();
    private readonly ConcurrentQueue<Action<MetricsText>> others = new();
    private readonly CancellationTokenSource stopping = new();
    private volatile bool ready;

    public void SetReady() => ready = true;

    /// <summary>Series of another part of the control plane, served with the server's own.</summary>
    public void AddMetrics(Action<MetricsText> write) => others.Enqueue(write);

    /// <summary>Set when the server is about to go: what would last for ever ends in order.</summary>
    public CancellationToken Stopping => stopping.Token;

    public void SetStopping()
    {
        ready = false;
        stopping.Cancel();
    }

    /// <summary>Null: the path is none of these.</summary>
    public async Task<ApiAnswer?> TryAnswerAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        switch (request.Path)
        {
            case "/healthz" or "/livez" or "/readyz":
                return await HealthAsync(request, request.Path[1..], cancellationToken);
            case "/version" or "/version/":
                return ApiAnswer.Json(VersionInfo.DeepClone());
            case "/metrics":
                return ApiAnswer.Text(Metrics());
            default:
                return request.Path.StartsWith("/livez/", StringComparison.Ordinal) || request.Path.StartsWith("/healthz/", StringComparison.Ordinal) || request.Path.StartsWith("/readyz/", StringComparison.Ordinal)
                    ? await HealthAsync(request, request.Path.Split('/')[1], cancellationToken)
                    : null;
        }
    }

    private string Metrics()
    {
        var text = new MetricsText();
        metrics.Write(text);
        text.Family("apiserver_storage_revision", "gauge", "The store's revision.");
        text.Sample("apiserver_storage_revision", store.Current.Value);
        text.Family("process_uptime_seconds", "gauge", "Time since the server was made, in seconds.");
        text.Sample("process_uptime_seconds", (time.GetUtcNow() - started).TotalSeconds);
        text.Family("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.");
        text.Sample("process_cpu_seconds_total", Environment.CpuUsage.TotalTime.TotalSeconds);
        text.Family("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
        text.Sample("process_resident_memory_bytes", Environment.WorkingSet);
        text.Family("dotnet_gc_pause_seconds_total", "counter", "Time that garbage collections held everything up, in seconds.");
        text.Sample("dotnet_gc_pause_seconds_total", GC.GetTotalPauseDuration().TotalSeconds);
        text.Family("dotnet_gc_collections_total", "counter", "Garbage collections.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            text.Sample("dotnet_gc_collections_total", GC.CollectionCount(generation), ("generation", generation.ToString(CultureInfo.InvariantCulture)));
        }

        foreach (var write in others)
        {
            write(text);
        }

        return text.ToString();
    }

    private async Task<ApiAnswer> HealthAsync(ApiRequest request, string name, CancellationToken cancellationToken)
    {
        // A server without its store is alive: to end it would not bring the store back.
        var stores = name == "livez" || await IsStorageReadyAsync(cancellationToken);
        var healthy = stores && (ready || name == "livez");
        if (!request.Query.ContainsKey("verbose") && healthy)
        {
            return ApiAnswer.Text("ok");
        }

        var text = new StringBuilder();
        text.Append("[+]ping ok\n");
        text.Append(Check("start", ready)).Append(Check("etcd", stores));
        text.Append(CultureInfo.InvariantCulture, $"{name} check {(healthy ? "passed" : "failed")}\n");
        return ApiAnswer.Text(text.ToString(), healthy ? 200 : 500);
    }

    private static string Check(string what, bool isWell) => $"[{(isWell ? '+' : '-')}]{what} {(isWell ? "ok" : "failed: reason withheld")}\n";

    private async Task<bool> IsStorageReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.CatchUpAsync(cancellationToken).AsTask().WaitAsync(StorageTimeout, time, cancellationToken);
            return true;
        }
        catch (Exception failure) when (failure is StorageException or TimeoutException)
        {
            return false;
        }
    }
}
