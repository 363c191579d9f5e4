using Flotilla.Node.Pods;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Manifests;

/// <summary>Follows the directory of manifests: at once when the kernel tells of a change, and every twenty seconds in any case.</summary>
internal sealed partial class ManifestWatcher(NodeOptions options, PodAgent agent, TimeProvider time, ILogger<ManifestWatcher> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private readonly Dictionary<string, (DateTime Changed, long Length, V1Pod? Pod)> known = new(StringComparer.Ordinal);

    /// <summary>Returns when the directory has been read once: what runs already must be known before anything is called left over.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.ManifestDirectory);
        Read();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var changed = new SemaphoreSlim(0);
        using var watcher = new FileSystemWatcher(options.ManifestDirectory) { EnableRaisingEvents = true };
        void Wake(object sender, FileSystemEventArgs change) => changed.Release();
        watcher.Changed += Wake;
        watcher.Created += Wake;
        watcher.Deleted += Wake;
        watcher.Renamed += Wake;
        while (!stoppingToken.IsCancellationRequested)
        {
            using var due = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await using var timer = time.CreateTimer(_ => due.Cancel(), null, Interval, Timeout.InfiniteTimeSpan);
            await changed.WaitAsync(due.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Read();
        }
    }

    private void Read()
    {
        var files = new DirectoryInfo(options.ManifestDirectory).EnumerateFiles().Where(file => !file.Name.StartsWith('.') && !file.Name.EndsWith('~')).ToList();
        foreach (var gone in known.Keys.Except(files.Select(file => file.FullName), StringComparer.Ordinal).ToList())
        {
            known.Remove(gone);
        }
        foreach (var file in files)
        {
            Read(file);
        }
        agent.SetStatic([.. known.Values.Select(entry => entry.Pod).OfType<V1Pod>()]);
    }

    private void Read(FileInfo file)
    {
        try
        {
            if (!known.TryGetValue(file.FullName, out var last) || (last.Changed, last.Length) != (file.LastWriteTimeUtc, file.Length))
            {
                known[file.FullName] = (file.LastWriteTimeUtc, file.Length, Read(file.FullName));
            }
        }
        catch (FileNotFoundException)
        {
            // Renamed or deleted since it was listed, of which the kernel tells next.
        }
    }

    private V1Pod? Read(string path)
    {
        try
        {
            return ManifestReader.Read(File.ReadAllText(path), path, options.NodeName, time.GetUtcNow());
        }
        catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException)
        {
            Log.Unreadable(logger, path, fault.Message);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The manifest {Path} is not run: {Reason}")]
        public static partial void Unreadable(ILogger logger, string path, string reason);
    }
}
