using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Client.Metrics;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>Health, version and metrics: what is asked of the server itself.</summary>
/// <param name="build">Of the program, behind the version of the API it serves; null: nothing.</param>
public sealed class ServerStatus(IStore store, RequestMetrics metrics, TimeProvider time, string? build = null)
{
    public const string Version = "v1.36.2";

    private readonly JsonObject versionInfo = new()
    {
        ["major"] = "1",
        ["minor"] = "36",
        ["emulationMajor"] = "1",
        ["emulationMinor"] = "36",
        ["minCompatibilityMajor"] = "1",
        ["minCompatibilityMinor"] = "35",
        ["gitVersion"] = build is null ? Version : $"{Version}+{build}",
        ["gitCommit"] = "unknown",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "none",
        ["compiler"] = "dotnet",
        ["platform"] = "linux/" + (System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64"),
    };

    // As upstream's check is called, whatever the store is...
    private const string StorageCheck = "etcd";

    // ... and as long as it may take.
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
                return ApiAnswer.Json(versionInfo.DeepClone());
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
        WriteStorage(text);
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

    private void WriteStorage(MetricsText text)
    {
        text.Family("apiserver_storage_revision", "gauge", "The store's revision.");
        text.Sample("apiserver_storage_revision", store.Current.Value);
        text.Family("flotilla_storage_serves", "gauge", "1: the store takes writes.");
        text.Sample("flotilla_storage_serves", store.Health.Serves ? 1 : 0);
        if (store.Commits is not { } commits)
        {
            return;
        }

        var (counts, sum) = commits.Read();
        const string name = "flotilla_storage_commit_duration_seconds";
        text.Family(name, "histogram", "How long commits took until they were on disk, in seconds.");
        var below = 0L;
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            below += counts[bucket];
            text.Sample(name + "_bucket", below, ("le", bucket < CommitTimes.BoundsSeconds.Count ? CommitTimes.BoundsSeconds[bucket].ToString("R", CultureInfo.InvariantCulture) : "+Inf"));
        }

        text.Sample(name + "_sum", sum);
        text.Sample(name + "_count", below);
    }

    private async Task<ApiAnswer> HealthAsync(ApiRequest request, string name, CancellationToken cancellationToken)
    {
        // A server without its store is alive: to end it would not bring the store back.
        var storage = name == "livez" ? StoreHealth.Good : await StorageHealthAsync(cancellationToken);
        var healthy = storage.Serves && (ready || name == "livez");
        if (!request.Query.ContainsKey("verbose") && healthy)
        {
            return ApiAnswer.Text("ok");
        }

        // Paths and addresses are for those who may know of them.
        var why = request.User.Groups.Contains(RequestUser.Authenticated) ? storage.Why : null;
        var text = new StringBuilder();
        text.Append("[+]ping ok\n").Append(Check("start", ready, null)).Append(Check(StorageCheck, storage.Serves, why));
        text.Append(CultureInfo.InvariantCulture, $"{name} check {(healthy ? "passed" : "failed")}\n");
        return ApiAnswer.Text(text.ToString(), healthy ? 200 : 500);
    }

    private static string Check(string what, bool isWell, string? why) =>
        isWell ? $"[+]{what} ok{(why is null ? "" : $": {why}")}\n" : $"[-]{what} failed: {why ?? "reason withheld"}\n";

    private async Task<StoreHealth> StorageHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.CatchUpAsync(cancellationToken).AsTask().WaitAsync(StorageTimeout, time, cancellationToken);
            return store.Health;
        }
        catch (StorageException failure)
        {
            return new StoreHealth(false, failure.Message);
        }
        catch (TimeoutException)
        {
            return store.Health is { Serves: false } known ? known : new StoreHealth(false, $"the store does not answer within {StorageTimeout.TotalSeconds:0} s");
        }
    }
}
