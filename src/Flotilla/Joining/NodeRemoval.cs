using System.Globalization;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Local;
using k8s.Models;

namespace Flotilla.Joining;

/// <summary>Takes a node out for good: its certificates hold no more from now on, then the Node goes, and with it its pods.</summary>
internal sealed class NodeRemoval(IObjectClient client, TimeProvider time)
{
    // Longer than certificates of nodes live: those of before have expired by themselves.
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(370);

    /// <exception cref="UserError">There is no such node.</exception>
    public async Task RemoveAsync(string node, CancellationToken cancellationToken)
    {
        var since = Moment(time.GetUtcNow());
        await RevokeAsync(node, since, cancellationToken);
        await DeleteAsync<V1Lease>(new ObjectKey("kube-node-lease", node), cancellationToken);
        var isKnown = await DeleteAsync<V1Node>(new ObjectKey(null, node), cancellationToken);

        // Whoever joins under the name from now on gets a certificate of a later second.
        if (since - time.GetUtcNow() is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left, time, cancellationToken);
        }

        if (!isKnown)
        {
            throw new UserError($"There is no node {node}; 'flotilla node ls' shows those there are. A certificate of that name holds no more all the same.");
        }
    }

    private async Task RevokeAsync(string node, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(RemovedNodes.Namespace, RemovedNodes.Name);
        try
        {
            var known = await client.GetAsync<V1ConfigMap>(key, cancellationToken);
            var data = (known.Data ?? new Dictionary<string, string>(StringComparer.Ordinal))
                .Where(pair => DateTimeOffset.TryParse(pair.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var other) && since - other < Remembered)
                .Append(KeyValuePair.Create(node, Text(since)))
                .GroupBy(pair => pair.Key, StringComparer.Ordinal)
                .ToDictionary(pairs => pairs.Key, pairs => pairs.Last().Value, StringComparer.Ordinal);
            await client.UpdateAsync(known with { ApiVersion = "v1", Kind = "ConfigMap", Data = data }, cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            await client.CreateAsync(
                new V1ConfigMap
                {
                    ApiVersion = "v1",
                    Kind = "ConfigMap",
                    Metadata = new V1ObjectMeta { Name = key.Name, NamespaceProperty = key.Namespace },
                    Data = new Dictionary<string, string>(StringComparer.Ordinal) { [node] = Text(since) },
                },
                cancellationToken);
        }
    }

    private async Task<bool> DeleteAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            await client.DeleteAsync<T>(key, null, cancellationToken);
            return true;
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return false;
        }
    }

    // Rounded up: certificates tell whole seconds, and one made in this very second is of before.
    private static DateTimeOffset Moment(DateTimeOffset now) => DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() + 1);

    private static string Text(DateTimeOffset since) => since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
