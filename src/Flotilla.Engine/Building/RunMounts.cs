using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Images.Making;
using Flotilla.Engine.Linux;
using Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Building;

/// <summary>A mount with what it comes from.</summary>
/// <param name="Chain">The layers of a stage or image; null: it comes from the build context, or from nowhere.</param>
/// <param name="Digest">Of what is bound.</param>
internal sealed record RunMountSource(RunMount Mount, string? Chain, string Digest);

/// <summary>What is mounted into the container of one <c>RUN</c>, until disposed; what commands write to bound files goes with it.</summary>
internal sealed class RunMounts : IAsyncDisposable
{
    private const int ScriptMode = 0x1ED;
    private static readonly TimeSpan CopyLimit = TimeSpan.FromMinutes(10);
    private readonly ImageBuilder builder;
    private readonly LayerMaker layers;
    private readonly string context;
    private readonly Stack<Func<Task>> cleanups = new();
    private readonly JsonArray mounts = [];
    private readonly JsonObject memory = [];

    private RunMounts(ImageBuilder builder, LayerMaker layers, string context) => (this.builder, this.layers, this.context) = (builder, layers, context);

    /// <summary>Into a container's <c>HostConfig</c>.</summary>
    public void AddTo(JsonObject host)
    {
        host["Mounts"] = mounts.DeepClone();
        host["Tmpfs"] = memory.DeepClone();
    }

    /// <param name="context">The directory with the build context.</param>
    /// <exception cref="Dockerfiles.DockerfileException">A source is not there.</exception>
    public static async Task<RunMounts> OpenAsync(ImageBuilder builder, LayerMaker layers, string context, RunInstruction run, IReadOnlyList<RunMountSource> sources, CancellationToken cancellationToken)
    {
        var opened = new RunMounts(builder, layers, context);
        try
        {
            foreach (var source in sources)
            {
                await opened.AddAsync(run, source, cancellationToken);
            }

            if (run.Script.Name is not null)
            {
                await opened.AddScriptAsync(run.Script, cancellationToken);
            }

            return opened;
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where a bound file or directory of the build context lies.</summary>
    /// <exception cref="Dockerfiles.DockerfileException">It is not there.</exception>
    public static string InContext(RunInstruction run, RunMount mount, string context) => Existing(run, mount, context, "the build context, or it is excluded by .dockerignore");

    public async ValueTask DisposeAsync()
    {
        while (cleanups.TryPop(out var cleanup))
        {
            await cleanup();
        }
    }

    private async Task AddAsync(RunInstruction run, RunMountSource source, CancellationToken cancellationToken)
    {
        var mount = source.Mount;
        switch (mount.Kind)
        {
            case RunMountKind.Tmpfs:
                memory[mount.Target] = mount.Bytes is { } bytes ? FormattableString.Invariant($"exec,size={bytes}") : "exec";
                break;
            case RunMountKind.Cache:
                var cache = await builder.Caches.TakeAsync(mount.CacheId, mount.Sharing, directory => FillAsync(run, source, directory, cancellationToken), cancellationToken);
                Later(cache.Dispose);
                Bind(mount, cache.Directory);
                break;
            default:
                var files = source.Chain is { } chain ? await LayersAsync(chain, !mount.IsReadOnly, cancellationToken) : null;
                var path = files is null ? InContext(run, mount, context) : Existing(run, mount, files, mount.From);
                Bind(mount, files is null && !mount.IsReadOnly ? await WritableAsync(path, cancellationToken) : path);
                break;
        }
    }

    private void Bind(RunMount mount, string source) =>
        mounts.Add((JsonNode)new JsonObject { ["Type"] = "bind", ["Source"] = source, ["Target"] = mount.Target, ["ReadOnly"] = mount.IsReadOnly });

    private async Task FillAsync(RunInstruction run, RunMountSource source, string directory, CancellationToken cancellationToken)
    {
        var mount = source.Mount;
        if (source.Chain is not { } chain)
        {
            Native.ChangeOwner(directory, mount.User, mount.Group);
            File.SetUnixFileMode(directory, (UnixFileMode)mount.Mode);
            return;
        }

        var first = Existing(run, mount, await LayersAsync(chain, isWritable: false, cancellationToken), mount.From);
        await ThisMachine.Commands.DoAsync("cp", ["-a", first + "/.", directory], cancellationToken, limit: CopyLimit);
    }

    private async Task<string> LayersAsync(string chain, bool isWritable, CancellationToken cancellationToken)
    {
        if (!isWritable)
        {
            var (view, seen) = await layers.ViewAsync(chain, cancellationToken);
            Later(seen, view);
            return seen.Root;
        }

        var key = await layers.PrepareAsync(chain, cancellationToken);
        var files = await layers.MountAsync(key, cancellationToken);
        Later(files, key);
        return files.Root;
    }

    // What is written lies above, and is forgotten.
    private async Task<string> WritableAsync(string path, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateDirectory(Path.Combine(builder.Options.CommitDirectory, Ids.New()[..16])).FullName;
        Later(() => Directory.Delete(directory, recursive: true));
        if (!Directory.Exists(path))
        {
            var copy = Path.Combine(directory, Path.GetFileName(path));
            await ThisMachine.Commands.DoAsync("cp", ["-a", path, copy], cancellationToken, limit: CopyLimit);
            return copy;
        }

        var overlay = new Mount { Type = "overlay", Source = "overlay" };
        var (above, work) = (Directory.CreateDirectory(Path.Combine(directory, "above")).FullName, Directory.CreateDirectory(Path.Combine(directory, "work")).FullName);
        overlay.Options.Add(["index=off", $"lowerdir={path}", $"upperdir={above}", $"workdir={work}"]);
        var files = MountedFiles.Of([overlay], MountedFiles.NewPlace(builder.Options));
        Later(files.Dispose);
        return files.Root;
    }

    private async Task AddScriptAsync((string Name, string Text) script, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateDirectory(Path.Combine(builder.Options.BuildDirectory, Ids.New()[..16])).FullName;
        Later(() => Directory.Delete(directory, recursive: true));
        var file = Path.Combine(directory, script.Name);
        await File.WriteAllTextAsync(file, script.Text, cancellationToken);
        File.SetUnixFileMode(file, (UnixFileMode)ScriptMode);
        mounts.Add((JsonNode)new JsonObject { ["Type"] = "bind", ["Source"] = directory, ["Target"] = RunInstruction.ScriptDirectory, ["ReadOnly"] = true });
    }

    private static string Existing(RunInstruction run, RunMount mount, string root, string where)
    {
        var path = ScopedPath.Resolve(root, mount.Source);
        return Native.State(path) is not null ? path : throw run.Instruction.Wrong($"RUN --mount={mount.Kind.ToString().ToLowerInvariant()}: {mount.Source} is not in {where}");
    }

    private void Later(MountedFiles files, string key) => cleanups.Push(async () =>
    {
        files.Dispose();
        await layers.RemoveAsync(key);
    });

    private void Later(Action cleanup) => cleanups.Push(() =>
    {
        cleanup();
        return Task.CompletedTask;
    });
}
