using System.Formats.Tar;
using Flotilla.Engine.Archives;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Building;

/// <summary>A directory as the body of <c>POST /build</c>: what its <c>.dockerignore</c> leaves, owned by root, and the Dockerfile in any case.</summary>
/// <param name="directory">Without a slash at its end.</param>
/// <param name="dockerfile">Where it lies on the machine, in the directory or not.</param>
public sealed class ContextArchive(string directory, string dockerfile)
{
    private const string IgnoreFile = ".dockerignore";

    /// <summary>The Dockerfile's path in the archive. One from elsewhere has a name that nothing else has.</summary>
    public string Dockerfile { get; } = Inside(directory, dockerfile) ?? $".dockerfile.{Guid.NewGuid():N}";

    /// <exception cref="FormatException">The ignore file holds a line that is no pattern.</exception>
    public async Task WriteAsync(Stream destination, CancellationToken cancellationToken)
    {
        var ignored = await IgnoredAsync(cancellationToken);
        await using var writer = new TarWriter(destination, TarEntryFormat.Pax, leaveOpen: true);
        await AddAllAsync(writer, directory, ignored, cancellationToken);
        if (Inside(directory, dockerfile) is null)
        {
            await TreeArchive.AddAsync(writer, dockerfile, Dockerfile, isRoots: true, cancellationToken);
        }
    }

    private static string? Inside(string directory, string file) =>
        Path.GetFullPath(file) is var full && full.StartsWith(directory + "/", StringComparison.Ordinal) ? full[(directory.Length + 1)..] : null;

    // One beside a Dockerfile of another name is for that alone.
    private async Task<IgnorePatterns> IgnoredAsync(CancellationToken cancellationToken)
    {
        var file = new[] { dockerfile + IgnoreFile, Path.Combine(directory, IgnoreFile) }.FirstOrDefault(File.Exists);
        return new IgnorePatterns(file is null ? [] : await File.ReadAllLinesAsync(file, cancellationToken));
    }

    private async Task AddAllAsync(TarWriter writer, string folder, IgnorePatterns ignored, CancellationToken cancellationToken)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal))
        {
            var name = path[(directory.Length + 1)..];
            var isDirectory = Native.State(path) is { IsDirectory: true };
            var excluded = ignored.Excludes(name) && name != Dockerfile && name != IgnoreFile;
            if (!excluded)
            {
                await TreeArchive.AddAsync(writer, path, name, isRoots: true, cancellationToken);
            }

            if (isDirectory && (!excluded || ignored.HasExceptions || Dockerfile.StartsWith(name + "/", StringComparison.Ordinal)))
            {
                await AddAllAsync(writer, path, ignored, cancellationToken);
            }
        }
    }
}
