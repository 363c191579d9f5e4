using System.Collections.Concurrent;
using System.Text.Json;
using Flotilla.Server.Nodes;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.ResourceMetrics;

/// <summary>Asks nodes what is used on them, all at once. An answer serves everybody who asks within the next moment.</summary>
internal sealed partial class UsageReader(NodeClient nodes, TimeProvider time, ILogger<UsageReader> logger)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<NodeAddress, (DateTimeOffset Asked, Task<NodeUsage?> Answer)> known = new();

    /// <summary>Null: the node does not answer, or has no server.</summary>
    public Task<NodeUsage?> ReadAsync(NodeAddress node, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!known.TryGetValue(node, out var last) || now - last.Asked > Freshness)
        {
            Forget(now);
            known[node] = last = (now, AskAsync(node));
        }

        return last.Answer.WaitAsync(cancellationToken);
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var old in known.Where(pair => now - pair.Value.Asked > Freshness && pair.Value.Answer.IsCompleted))
        {
            known.TryRemove(old);
        }
    }

    private async Task<NodeUsage?> AskAsync(NodeAddress node)
    {
        if (node.Port == 0)
        {
            return null;
        }

        using var limit = new CancellationTokenSource(Limit, time);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{node.Authority}/stats/usage");
            using var answer = await nodes.Connections.SendAsync(request, limit.Token);
            answer.EnsureSuccessStatusCode();
            await using var body = await answer.Content.ReadAsStreamAsync(limit.Token);
            return await JsonSerializer.DeserializeAsync(body, UsageJson.Default.NodeUsage, limit.Token);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or JsonException or OperationCanceledException)
        {
            Log.Silent(logger, node.Authority, failure.Message);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The node at {Address} does not tell what it uses: {Reason}")]
        public static partial void Silent(ILogger logger, string address, string reason);
    }
}
