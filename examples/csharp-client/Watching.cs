using k8s;
using k8s.Models;

namespace CSharpClient;

/// <summary>An informer in the small: a list, and a watch from its resource version that keeps a cache up to date.</summary>
internal static class Watching
{
    public static async Task RunAsync(Kubernetes client, string space, CancellationToken cancellationToken)
    {
        var list = await client.CoreV1.ListNamespacedSecretAsync(space, cancellationToken: cancellationToken);
        var cache = list.Items.ToDictionary(secret => secret.Name(), StringComparer.Ordinal);
        var changes = ChangeAsync(client, space, cancellationToken);
        var seen = new List<string>();
        var watch = client.CoreV1.WatchListNamespacedSecretAsync(space, resourceVersion: list.ResourceVersion(), cancellationToken: cancellationToken);
        await foreach (var (type, secret) in watch)
        {
            seen.Add($"{type} {secret.Name()}");
            if (type == WatchEventType.Deleted)
            {
                cache.Remove(secret.Name());
                break;
            }

            cache[secret.Name()] = secret;
        }

        await changes;
        await Console.Out.WriteLineAsync($"watch: {string.Join(", ", seen)}; cached: {cache.Count}");
    }

    private static async Task ChangeAsync(Kubernetes client, string space, CancellationToken cancellationToken)
    {
        var secret = new V1Secret { Metadata = new V1ObjectMeta { Name = "watched" }, StringData = new Dictionary<string, string> { ["key"] = "1" } };
        secret = await client.CoreV1.CreateNamespacedSecretAsync(secret, space, cancellationToken: cancellationToken);
        secret.StringData = new Dictionary<string, string> { ["key"] = "2" };
        await client.CoreV1.ReplaceNamespacedSecretAsync(secret, "watched", space, cancellationToken: cancellationToken);
        await client.CoreV1.DeleteNamespacedSecretAsync("watched", space, cancellationToken: cancellationToken);
    }
}
