using System.Collections.Concurrent;
using Flotilla.Engine.Containerd;
using Flotilla.Linux.Containerd;
using Grpc.Core;

namespace Flotilla.Engine.Images;

/// <summary>What layers take on disk. An unpacked layer never changes, so the snapshotter is asked once.</summary>
internal sealed class LayerSizes(Runtime runtime)
{
    private const int MostKnown = 10_000;
    private readonly ConcurrentDictionary<string, long> known = new(StringComparer.Ordinal);

    /// <summary>Bytes of each layer; of one that is not unpacked, of its archive.</summary>
    public async Task<IReadOnlyList<long>> OfAsync(ImageContent content, CancellationToken cancellationToken)
    {
        List<long> sizes = [];
        foreach (var (chain, blob) in content.Chains.Zip(content.LayerBlobs))
        {
            sizes.Add(known.TryGetValue(chain, out var size) ? size : await AskAsync(chain, cancellationToken) ?? blob.Size);
        }

        return sizes;
    }

    private async Task<long?> AskAsync(string chain, CancellationToken cancellationToken)
    {
        try
        {
            var usage = await runtime.Snapshots.UsageAsync(new UsageRequest { Snapshotter = Runtime.Snapshotter, Key = chain }, cancellationToken: cancellationToken);
            if (known.Count >= MostKnown)
            {
                known.Clear();
            }

            known[chain] = usage.Size;
            return usage.Size;
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            return null;
        }
    }
}
