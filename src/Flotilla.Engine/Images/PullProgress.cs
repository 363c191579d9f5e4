using Flotilla.Engine.Containerd;
using Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Images;

/// <summary>Tells how far the layers of a pull have come, from what containerd is writing meanwhile.</summary>
internal sealed class PullProgress(Runtime runtime, ProgressLines lines, TimeProvider time)
{
    private const string LayerPrefix = "layer-";
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(150);
    private readonly HashSet<string> begun = new(StringComparer.Ordinal);
    private readonly HashSet<string> fetched = new(StringComparer.Ordinal);

    /// <summary>Until the pull is over, however it ends.</summary>
    public async Task FollowAsync(Task pull, CancellationToken cancellationToken)
    {
        while (!pull.IsCompleted)
        {
            await ShowAsync(cancellationToken);
            await Task.WhenAny(pull, Task.Delay(Every, time, cancellationToken));
        }
    }

    /// <summary>What became of each layer at last.</summary>
    /// <param name="before">Layers that were here already.</param>
    public async Task EndAsync(ImageContent content, IReadOnlySet<string> before)
    {
        foreach (var layer in content.LayerBlobs)
        {
            if (before.Contains(layer.Digest))
            {
                await lines.StepAsync(Short(layer.Digest), "Already exists");
                continue;
            }

            await BeginAsync(layer.Digest);
            await FetchedAsync(layer.Digest);
            await lines.StepAsync(Short(layer.Digest), "Pull complete");
        }
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        var writing = (await runtime.Content.ListStatusesAsync(new ListStatusesRequest(), cancellationToken: cancellationToken)).Statuses
            .Where(status => status.Ref.StartsWith(LayerPrefix, StringComparison.Ordinal)).ToDictionary(status => status.Ref[LayerPrefix.Length..], StringComparer.Ordinal);
        foreach (var (digest, status) in writing)
        {
            await BeginAsync(digest);
            await lines.StepAsync(Short(digest), "Downloading", status.Offset, status.Total);
        }

        foreach (var digest in begun.Except(writing.Keys, StringComparer.Ordinal).ToList())
        {
            await FetchedAsync(digest);
        }
    }

    private async Task BeginAsync(string digest)
    {
        if (begun.Add(digest))
        {
            await lines.StepAsync(Short(digest), "Pulling fs layer");
        }
    }

    private async Task FetchedAsync(string digest)
    {
        if (fetched.Add(digest))
        {
            await lines.StepAsync(Short(digest), "Download complete");
        }
    }

    private static string Short(string digest) => digest["sha256:".Length..][..12];
}
