using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Linux;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Eviction;

/// <summary>
/// Removes images that no container uses once the disk is fuller than it should be, those unused for longest first, until it
/// is emptier than it need be. Pinned images and those loaded by hand within the last two minutes stay.
/// </summary>
internal sealed partial class ImageCollector(NodeOptions options, CriClient runtime, TimeProvider time, ILogger<ImageCollector> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LeastAge = TimeSpan.FromMinutes(2);
    private readonly Dictionary<string, (DateTimeOffset FirstSeen, DateTimeOffset LastUsed)> known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim working = new(1, 1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await CollectAsync(stoppingToken);
            }
            catch (RpcException failure) when (!stoppingToken.IsCancellationRequested)
            {
                Log.Failed(logger, failure.Status.Detail);
            }
        }
    }

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        var disk = FileSystemSpace.Of(options.DataDirectory);
        var used = 100 - (100 * disk.AvailableBytes / Math.Max(1, disk.CapacityBytes));
        if (used < options.ImageDiskHighPercent)
        {
            await ObserveAsync(cancellationToken);
            return;
        }
        await RemoveUnusedAsync(LeastAge, (disk.CapacityBytes * (100 - options.ImageDiskLowPercent) / 100) - disk.AvailableBytes, cancellationToken);
    }

    /// <summary>Removes images that nothing uses until so much is freed.</summary>
    public async Task RemoveUnusedAsync(TimeSpan leastAge, long bytes, CancellationToken cancellationToken)
    {
        await working.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            var unused = await ObserveAsync(cancellationToken);
            foreach (var image in unused.OrderBy(image => known[image.Id].LastUsed).ThenBy(image => known[image.Id].FirstSeen))
            {
                if (bytes <= 0)
                {
                    return;
                }
                if (now - known[image.Id].FirstSeen >= leastAge)
                {
                    await runtime.Images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = image.Id } }, cancellationToken: cancellationToken);
                    bytes -= (long)image.Size;
                    Log.Removed(logger, image.RepoTags.FirstOrDefault() ?? image.Id);
                }
            }
        }
        finally
        {
            working.Release();
        }
    }

    /// <returns>The images that nothing uses now.</returns>
    private async Task<IReadOnlyList<Image>> ObserveAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var images = (await runtime.Images.ListImagesAsync(new ListImagesRequest(), cancellationToken: cancellationToken)).Images;
        var containers = await runtime.Runtime.ListContainersAsync(new ListContainersRequest(), cancellationToken: cancellationToken);
        var inUse = containers.Containers.SelectMany(container => new[] { container.ImageRef, container.Image?.Image ?? "" }).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in known.Keys.Except(images.Select(image => image.Id), StringComparer.Ordinal).ToList())
        {
            known.Remove(gone);
        }
        var unused = new List<Image>();
        foreach (var image in images)
        {
            var before = known.TryGetValue(image.Id, out var seen) ? seen : (FirstSeen: now, LastUsed: DateTimeOffset.MinValue);
            var isUsed = inUse.Contains(image.Id) || image.RepoTags.Concat(image.RepoDigests).Any(inUse.Contains);
            known[image.Id] = isUsed ? (before.FirstSeen, now) : before;
            if (!isUsed && !image.Pinned && !image.RepoTags.Contains(Containerd.PauseImage.Name))
            {
                unused.Add(image);
            }
        }
        return unused;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Image {Image} is removed: nothing uses it, and the disk fills")]
        public static partial void Removed(ILogger logger, string image);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Unused images were not removed: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
