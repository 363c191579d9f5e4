using System.Text.Json.Nodes;
using Flotilla.Conformance.Live;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.Conformance.Apps.Scenes;

/// <summary>
/// All scenes at once in one namespace. Those with a deadline begin first, so that starting the others does not use up
/// their time. What the cluster says is read every two seconds for all who ask.
/// </summary>
public sealed class SceneRun(LiveCluster cluster) : IAsyncLifetime
{
    private const string Namespace = "scenes";
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim gate = new(1);
    private SeenStatuses? statuses;
    private DateTime taken;
    private Dictionary<string, List<JsonObject>> snapshot = [];

    public static IReadOnlyList<JsonObject> All { get; } =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "scenes.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject())];

    public DateTime Started { get; private set; }

    public async ValueTask InitializeAsync()
    {
        await cluster.LoadImageAsync("docker.io/library/busybox");
        await cluster.KubectlOkAsync("create", "namespace", Namespace);
        statuses = new SeenStatuses(cluster.Client, Namespace);
        statuses.Start();
        await ApplyAsync(scene => IsHurried(scene));
        await Task.Delay(TimeSpan.FromSeconds(2));
        await ApplyAsync(scene => !IsHurried(scene));
        Started = DateTime.UtcNow;
        await cluster.KubectlOkAsync("-n", Namespace, "wait", "pod/killed-quietly", "--for=condition=Ready", "--timeout=90s");
        await cluster.KubectlOkAsync("-n", Namespace, "delete", "pod", "killed-quietly");
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.KubectlAsync("delete", "namespace", Namespace, "--wait=false");
        await (statuses?.DisposeAsync() ?? ValueTask.CompletedTask);
        gate.Dispose();
    }

    /// <summary>Everything of a name, as recorded scenes show it: statuses, endpoints, events and printed lines.</summary>
    internal async Task<List<JsonObject>> LookAsync(string name)
    {
        await gate.WaitAsync();
        try
        {
            if (DateTime.UtcNow - taken > Fresh)
            {
                snapshot = await ReadAsync();
                taken = DateTime.UtcNow;
            }

            return snapshot.GetValueOrDefault(name, []);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>All statuses that a pod has had so far.</summary>
    internal IReadOnlyList<JsonNode> StatusesOf(string name) => statuses!.Of(name);

    private async Task ApplyAsync(Func<JsonObject, bool> selects)
    {
        var items = new JsonArray([.. All.Where(scene => scene["manifest"] is not null && selects(scene)).Select(scene => scene["manifest"]!.DeepClone())]);
        var list = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["items"] = items };
        (await cluster.KubectlAsync(35, list.ToJsonString(), "-n", Namespace, "create", "-f", "-")).Success();
    }

    private static bool IsHurried(JsonObject scene) => scene["manifest"]?.ToJsonString().Contains("activeDeadlineSeconds", StringComparison.Ordinal) == true;

    private async Task<Dictionary<string, List<JsonObject>>> ReadAsync()
    {
        var events = (await ListAsync("events")).ToLookup(
            item => $"{item["involvedObject"]!["kind"]}/{Masks.Name((string)item["involvedObject"]!["name"]!)}", Masks.Event, StringComparer.Ordinal);
        var lines = (await cluster.KubectlOkAsync("-n", Namespace, "get", "pods", "--no-headers")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToLookup(cells => Masks.Name(cells[0]), Masks.Line, StringComparer.Ordinal);
        var found = new Dictionary<string, List<JsonObject>>(StringComparer.Ordinal);
        foreach (var item in await ListAsync("pods,deployments,replicasets,statefulsets,daemonsets,jobs,poddisruptionbudgets,endpointslices"))
        {
            var name = Masks.ObjectName(item);
            Add(found, name, Masks.Shown(item, events[name], lines[name.Split('/')[1]]));
        }

        foreach (var gone in events.Where(group => !found.ContainsKey(group.Key)))
        {
            Add(found, gone.Key, Masks.Shown([], gone, []));
        }

        return found;
    }

    private async Task<IEnumerable<JsonObject>> ListAsync(string resources) =>
        JsonNode.Parse(await cluster.KubectlOkAsync("-n", Namespace, "get", resources, "-o", "json"))!["items"]!.AsArray().Select(item => item!.AsObject());

    private static void Add(Dictionary<string, List<JsonObject>> found, string name, JsonObject shown)
    {
        if (!found.TryGetValue(name, out var list))
        {
            found[name] = list = [];
        }

        list.Add(shown);
    }
}
