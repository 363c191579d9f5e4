using Flotilla.Docker;
using Flotilla.Engine.Archives;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Building;

/// <summary>The files that came with a build, in a directory of its own until disposed.</summary>
internal sealed class BuildContext : IDisposable
{
    private BuildContext(string root) => Root = root;

    public string Root { get; }

    /// <exception cref="DockerException">It is no archive.</exception>
    public static async Task<BuildContext> ReceiveAsync(Stream archive, string directory, CancellationToken cancellationToken)
    {
        var context = new BuildContext(Directory.CreateDirectory(Path.Combine(directory, Ids.New()[..16])).FullName);
        try
        {
            await TreeArchive.ExtractAsync(archive, context.Root, context.Root, cancellationToken);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>The Dockerfile's text; afterwards it is no longer there where the context's <c>.dockerignore</c> says so.</summary>
    /// <exception cref="DockerException">There is none.</exception>
    public async Task<string> TakeDockerfileAsync(string name, CancellationToken cancellationToken)
    {
        var path = ScopedPath.Resolve(Root, name);
        if (!File.Exists(path) && name == "Dockerfile")
        {
            path = ScopedPath.Resolve(Root, "dockerfile");
        }

        if (!File.Exists(path))
        {
            throw DockerException.BadRequest($"Cannot locate specified Dockerfile: {name}; it must lie in the build context (say which with -f)");
        }

        var text = await File.ReadAllTextAsync(path, cancellationToken);
        var ignoreFile = ScopedPath.Resolve(Root, ".dockerignore");
        if (File.Exists(ignoreFile))
        {
            var ignored = Ignored(await File.ReadAllLinesAsync(ignoreFile, cancellationToken));
            foreach (var file in new[] { path, ignoreFile }.Where(file => ignored.Excludes(file[(Root.Length + 1)..])))
            {
                File.Delete(file);
            }
        }

        return text;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static IgnorePatterns Ignored(IEnumerable<string> lines)
    {
        try
        {
            return new IgnorePatterns(lines);
        }
        catch (FormatException wrong)
        {
            throw DockerException.BadRequest(".dockerignore: " + wrong.Message);
        }
    }
}
