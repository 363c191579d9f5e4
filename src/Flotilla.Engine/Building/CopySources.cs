using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Building;

/// <summary>A file or directory to copy.</summary>
/// <param name="Path">Where it lies on the machine.</param>
/// <param name="Name">What it is called: a link is copied as what it leads to, by its own name.</param>
/// <param name="Unpacks">Whether an archive is put there as what is in it.</param>
internal sealed record CopySource(string Path, string Name, bool Unpacks);

/// <summary>The files that a COPY or ADD means, in a build context, another image, the Dockerfile or elsewhere.</summary>
internal sealed record CopySources(IReadOnlyList<CopySource> All)
{
    private const int Permissions = 0xFFF;

    /// <param name="others">Those that are not below <paramref name="root"/>.</param>
    /// <exception cref="Dockerfiles.DockerfileException">One is not there.</exception>
    public static CopySources Find(CopyInstruction copy, string root, IEnumerable<CopySource> others)
    {
        List<CopySource> found = [];
        foreach (var source in copy.Sources)
        {
            var path = source.Trim('/');
            if (copy.From.Length == 0 && LeadsOut(path))
            {
                throw copy.Instruction.Wrong($"forbidden path outside the build context: {source}; copy from below the context's directory");
            }

            var files = PathPattern.IsPattern(path) ? Matches(copy, root, path) : [(One(copy, root, source), Path.GetFileName(path))];
            found.AddRange(files.Select(file => new CopySource(file.Path, file.Name, copy.Unpacks ?? true)));
        }

        found.AddRange(others);
        return found.Count > 0 ? new CopySources(found) : throw copy.Instruction.Wrong("no source files were specified: no file matches, or all are excluded by .dockerignore");
    }

    /// <summary>Equal for equal names, contents, modes and, where they are kept, owners; times do not count.</summary>
    public async Task<string> DigestAsync(bool withOwners, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var source in All)
        {
            await AddAsync(hash, source.Path, source.Name, withOwners, cancellationToken);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of one file or directory and all below it.</summary>
    public static Task<string> DigestAsync(string path, CancellationToken cancellationToken) => new CopySources([new CopySource(path, "", Unpacks: false)]).DigestAsync(withOwners: true, cancellationToken);

    private static bool LeadsOut(string path)
    {
        var depth = 0;
        foreach (var name in path.Split('/').Where(name => name.Length > 0 && name != "."))
        {
            depth += name == ".." ? -1 : 1;
            if (depth < 0)
            {
                return true;
            }
        }

        return false;
    }

    private static string One(CopyInstruction copy, string root, string source)
    {
        var path = ScopedPath.Resolve(root, source);
        return Native.State(path) is not null ? path
            : throw copy.Instruction.Wrong(copy.From.Length == 0
                ? $"file not found in build context or excluded by .dockerignore: stat {source}: file does not exist"
                : $"stat {source}: file does not exist in {copy.From}");
    }

    private static IEnumerable<(string Path, string Name)> Matches(CopyInstruction copy, string root, string pattern)
    {
        System.Text.RegularExpressions.Regex expression;
        try
        {
            expression = PathPattern.Compile(pattern);
        }
        catch (FormatException wrong)
        {
            throw copy.Instruction.Wrong(wrong.Message);
        }

        // Links to directories are not gone into: they could lead in circles, or out of here.
        var depth = pattern.Contains("**", StringComparison.Ordinal) ? int.MaxValue : pattern.Count(letter => letter == '/');
        var files = new FileSystemEnumerable<string>(root, static (ref FileSystemEntry entry) => entry.ToFullPath(), new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, MaxRecursionDepth = depth })
        {
            ShouldRecursePredicate = static (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        return files.Where(path => expression.IsMatch(path[(root.Length + 1)..])).Order(StringComparer.Ordinal).Select(path => (ScopedPath.Resolve(root, path[root.Length..]), Path.GetFileName(path)));
    }

    private static async Task AddAsync(IncrementalHash hash, string path, string name, bool withOwners, CancellationToken cancellationToken)
    {
        var state = Native.State(path) ?? throw new IOException($"{path} is gone");
        var head = new byte[sizeof(int) * 3];
        BinaryPrimitives.WriteInt32LittleEndian(head, state.Mode & (Permissions | 0xF000));
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(sizeof(int)), withOwners ? state.User : 0);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(sizeof(int) * 2), withOwners ? state.Group : 0);
        hash.AppendData(head);
        hash.AppendData(Encoding.UTF8.GetBytes(name + "\0"));
        if (state.IsLink)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(new FileInfo(path).LinkTarget + "\0"));
        }
        else if (state.IsRegular)
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            hash.AppendData(await SHA256.HashDataAsync(file, cancellationToken));
        }
        else if (state.IsDirectory)
        {
            foreach (var child in Directory.EnumerateFileSystemEntries(path).Order(StringComparer.Ordinal))
            {
                await AddAsync(hash, child, $"{name}/{Path.GetFileName(child)}", withOwners, cancellationToken);
            }
        }
    }
}
