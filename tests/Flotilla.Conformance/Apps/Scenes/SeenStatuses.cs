using System.Text.Json.Nodes;
using k8s;

namespace Flotilla.Conformance.Apps.Scenes;

/// <summary>Every status that the pods of a namespace have had since the beginning, as a client that watches sees them.</summary>
internal sealed class SeenStatuses(Kubernetes client, string space) : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, Dictionary<string, JsonNode>> seen = new(StringComparer.Ordinal);
    private Task watching = Task.CompletedTask;

    public void Start() => watching = Task.Run(WatchAsync);

    /// <param name="name">As recorded scenes name objects.</param>
    public IReadOnlyList<JsonNode> Of(string name)
    {
        lock (gate)
        {
            return [.. seen.GetValueOrDefault(name, []).Values];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await watching;
        stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var stream = await client.HttpClient.GetStreamAsync(new Uri(client.BaseUri, $"api/v1/namespaces/{space}/pods?watch=1"), stopping.Token);
                using var reader = new StreamReader(stream);
                while (await reader.ReadLineAsync(stopping.Token) is { } line)
                {
                    Note(JsonNode.Parse(line)!["object"]!.AsObject());
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
            {
                // Watched anew, unless the scenes are over.
            }
        }
    }

    private void Note(JsonObject pod)
    {
        if (pod["metadata"] is null || Masks.Shown(pod, [], [])["status"] is not { } status)
        {
            return;
        }
        lock (gate)
        {
            var name = Masks.ObjectName(pod);
            if (!seen.TryGetValue(name, out var statuses))
            {
                seen[name] = statuses = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
            }
            statuses[status.ToJsonString()] = status.DeepClone();
        }
    }
}
