using Flotilla.Linux.Mounts;
using Flotilla.Node.Containerd;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>A directory of a file server, mounted by mount(8), which knows the protocol's versions and helpers.</summary>
internal sealed class NfsVolumes(NodeOptions options, NfsSupport support) : IVolumeKind
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    public bool Serves(VolumeRequest request) => request.Nfs is not null;

    public async Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken)
    {
        var source = request.Nfs!;
        var path = request.DirectoryIn(options, "nfs");
        var readOnly = source.ReadOnlyProperty == true || request.IsReadOnly;
        if (!MountTable.Has(path))
        {
            if (support.MissingHelper() is { } missing)
            {
                throw new VolumeException(missing);
            }
            Directory.CreateDirectory(path);
            List<string> choices = [.. request.Persistent?.Spec.MountOptions ?? []];
            if (source.ReadOnlyProperty == true)
            {
                choices.Add("ro");
            }
            var server = source.Server.Contains(':') && !source.Server.StartsWith('[') ? $"[{source.Server}]" : source.Server;
            string[] arguments = ["-t", "nfs", .. choices.Count == 0 ? [] : (string[])["-o", string.Join(',', choices)], $"{server}:{source.Path}", path];
            await RunAsync(arguments, cancellationToken);
        }
        return new MountedVolume(path) { IsReadOnly = readOnly };
    }

    private async Task RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Timeout);
        var result = await Command.RunAsync("mount", arguments, null, bounded.Token);
        if (result.ExitCode != 0)
        {
            var cause = support.MissingModule() is { } missing ? $"{missing}\n" : "";
            throw new VolumeException(
                $"mount failed: exit status {result.ExitCode}\nMounting command: mount\nMounting arguments: {string.Join(' ', arguments)}\nOutput: {result.Explanation}\n{cause}");
        }
    }
}
