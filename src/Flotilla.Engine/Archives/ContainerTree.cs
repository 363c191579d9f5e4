using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Archives;

/// <summary>A file of a container, where it lies on the machine at present.</summary>
internal sealed record FoundFile(string Path, string Name, FileState State, string LinkTarget);

/// <summary>A container's files as its processes see them: with its volumes while it runs, its layers alone when not.</summary>
internal sealed class ContainerTree : IDisposable
{
    private readonly MountedFiles? mounted;

    private ContainerTree(string root, MountedFiles? mounted)
    {
        Root = root;
        this.mounted = mounted;
    }

    public string Root { get; }

    public static async Task<ContainerTree> OpenAsync(Container container, RootFileSystem roots, CancellationToken cancellationToken)
    {
        if (container.Record.State.IsRunning)
        {
            return new ContainerTree($"/proc/{container.Record.State.Pid}/root", null);
        }

        var mounted = await roots.MountAsync(container.Id, cancellationToken);
        return new ContainerTree(mounted.Root, mounted);
    }

    /// <exception cref="DockerException">There is nothing at that path.</exception>
    public FoundFile At(string path, string container)
    {
        var place = ScopedPath.ResolveParent(Root, path);
        var state = Native.State(place == Root ? Root + "/" : place) ?? throw new DockerException(404, $"Could not find the file {path} in container {container}");
        var name = Path.GetFileName(path.TrimEnd('/')) is { Length: > 0 } last ? last : "/";
        return new FoundFile(place, name, state, state.IsLink ? new FileInfo(place).LinkTarget ?? "" : "");
    }

    public void Dispose() => mounted?.Dispose();
}
