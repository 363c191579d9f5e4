using Flotilla.Docker;
using Flotilla.Engine.Archives;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Building;

/// <summary>Copies what a COPY or ADD means into an image's files.</summary>
/// <param name="into">The image's files.</param>
internal sealed class FileCopy(CopyInstruction copy, MountedFiles into)
{
    private const int Permissions = 0xFFF;
    private const int DefaultDirectoryMode = 0x1ED;
    private (int User, int Group)? owner;

    /// <exception cref="Dockerfiles.DockerfileException">It cannot be done.</exception>
    public async Task RunAsync(CopySources sources, CancellationToken cancellationToken)
    {
        owner = Owner();
        foreach (var (source, name, unpacks) in sources.All)
        {
            var state = Native.State(source) ?? throw new IOException($"{source} is gone");
            var target = ScopedPath.Resolve(into.Root, copy.Destination);
            if (state.IsDirectory)
            {
                RequireDirectory(target);
                foreach (var child in Directory.EnumerateFileSystemEntries(source))
                {
                    await PutAsync(child, Path.Combine(target, Path.GetFileName(child)), cancellationToken);
                }
            }
            else if (unpacks && await IsArchiveAsync(source, cancellationToken))
            {
                RequireDirectory(target);
                await using var archive = File.OpenRead(source);
                await TreeArchive.ExtractAsync(archive, into.Root, target, cancellationToken);
            }
            else
            {
                var isInto = copy.IsIntoDirectory || Directory.Exists(target);
                RequireDirectory(isInto ? target : Path.GetDirectoryName(target)!);
                await PutAsync(source, isInto ? Path.Combine(target, name) : target, cancellationToken);
            }
        }
    }

    /// <summary>With all above it, where they are not there yet.</summary>
    public static void MakeDirectory(string root, string path, int user, int group)
    {
        if (Native.State(path) is { IsDirectory: true } || path.Length <= root.Length)
        {
            return;
        }

        MakeDirectory(root, Path.GetDirectoryName(path)!, user, group);
        Directory.CreateDirectory(path);
        Native.ChangeOwner(path, user, group);
        File.SetUnixFileMode(path, (UnixFileMode)DefaultDirectoryMode);
    }

    private (int User, int Group)? Owner()
    {
        if (copy.Owner.Length == 0)
        {
            // What comes from another image keeps its owners.
            return copy.From.Length > 0 ? null : (0, 0);
        }

        try
        {
            var identity = UserIdentity.Find(copy.Owner.Contains(':', StringComparison.Ordinal) ? copy.Owner : $"{copy.Owner}:{copy.Owner}", into.Lines("/etc/passwd"), into.Lines("/etc/group"));
            return (identity.User, identity.Group);
        }
        catch (DockerException unknown)
        {
            throw copy.Instruction.Wrong($"--chown={copy.Owner}: {unknown.Message}; use a number, or add it to the image before");
        }
    }

    private void RequireDirectory(string path)
    {
        if (Native.State(path) is { IsDirectory: false })
        {
            throw copy.Instruction.Wrong($"cannot copy to {copy.Destination}: {path[into.Root.Length..]} is a file there, not a directory");
        }

        MakeDirectory(into.Root, path, owner?.User ?? 0, owner?.Group ?? 0);
    }

    private async Task PutAsync(string source, string target, CancellationToken cancellationToken)
    {
        var state = Native.State(source) ?? throw new IOException($"{source} is gone");
        var before = Native.State(target);
        if (state.IsDirectory)
        {
            // A link to a directory stays one.
            var directory = before is { IsLink: true } ? ScopedPath.Resolve(into.Root, target[into.Root.Length..]) : target;
            RequireDirectory(directory);
            foreach (var child in Directory.EnumerateFileSystemEntries(source))
            {
                await PutAsync(child, Path.Combine(directory, Path.GetFileName(child)), cancellationToken);
            }

            Dress(directory, state);
            return;
        }

        if (before is { IsDirectory: true })
        {
            throw copy.Instruction.Wrong($"cannot copy to {target[into.Root.Length..]}: it is a directory there, and a file in {(copy.From.Length > 0 ? copy.From : "the build context")}");
        }

        File.Delete(target);
        if (state.IsLink)
        {
            File.CreateSymbolicLink(target, new FileInfo(source).LinkTarget!);
        }
        else if (state.IsRegular)
        {
            await using var from = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            await using var file = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
            await from.CopyToAsync(file, cancellationToken);
        }
        else
        {
            Native.MakeNode(target, (uint)state.Mode, state.Major, state.Minor);
        }

        Dress(target, state);
    }

    private void Dress(string target, FileState state)
    {
        Native.ChangeOwner(target, owner?.User ?? state.User, owner?.Group ?? state.Group);
        if (!state.IsLink)
        {
            File.SetUnixFileMode(target, (UnixFileMode)(copy.Mode ?? state.Mode & Permissions));
            File.SetLastWriteTimeUtc(target, state.Modified);
        }
    }

    private static async Task<bool> IsArchiveAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        try
        {
            await using var plain = await PackedArchive.OpenAsync(file, cancellationToken);
            await using var reader = new System.Formats.Tar.TarReader(plain);
            return await reader.GetNextEntryAsync(copyData: false, cancellationToken) is not null;
        }
        catch (Exception other) when (other is InvalidDataException or EndOfStreamException)
        {
            return false;
        }
    }
}
