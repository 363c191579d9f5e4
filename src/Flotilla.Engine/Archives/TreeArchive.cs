using System.Formats.Tar;
using Flotilla.Docker;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Archives;

/// <summary>Directories as tar and back, with owners, modes, links and devices.</summary>
internal static class TreeArchive
{
    private const int Permissions = 0xFFF;

    /// <param name="name">How the archive calls it; empty: only what is in it.</param>
    public static async Task WriteAsync(TarWriter writer, string path, string name, CancellationToken cancellationToken)
    {
        if (Native.State(path) is not { } state)
        {
            // Removed meanwhile.
            return;
        }

        if (name.Length > 0)
        {
            await AddAsync(writer, path, name, isRoots: false, cancellationToken);
        }

        foreach (var child in state.IsDirectory ? Directory.EnumerateFileSystemEntries(path).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            await WriteAsync(writer, child, name.Length == 0 ? Path.GetFileName(child) : $"{name.TrimEnd('/')}/{Path.GetFileName(child)}", cancellationToken);
        }
    }

    /// <summary>One entry, of a directory without what is in it.</summary>
    /// <param name="isRoots">Whether it is root's in the archive, whoever has it here.</param>
    public static async Task AddAsync(TarWriter writer, string path, string name, bool isRoots, CancellationToken cancellationToken)
    {
        if (Native.State(path) is not { } state || EntryOf(path, name.Trim('/'), isRoots ? state with { User = 0, Group = 0 } : state) is not { } entry)
        {
            return;
        }

        await using var data = state.IsRegular ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete) : null;
        if (data is not null)
        {
            entry.DataStream = data;
        }

        await writer.WriteEntryAsync(entry, cancellationToken);
    }

    public static async Task ExtractAsync(Stream archive, string root, string directory, CancellationToken cancellationToken)
    {
        var below = directory.Length > root.Length ? directory[root.Length..] : "";
        try
        {
            await using var plain = await PackedArchive.OpenAsync(archive, cancellationToken);
            await using var reader = new TarReader(plain, leaveOpen: true);
            while (await NextAsync(reader, cancellationToken) is { } entry)
            {
                await PutAsync(entry, root, below, cancellationToken);
            }
        }
        catch (InvalidDataException wrong)
        {
            throw DockerException.BadRequest("invalid archive: " + wrong.Message);
        }
    }

    // The CLI ends some archives without the padding of their last file.
    private static async Task<TarEntry?> NextAsync(TarReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.GetNextEntryAsync(copyData: false, cancellationToken);
        }
        catch (EndOfStreamException)
        {
            return null;
        }
    }

    private static TarEntry? EntryOf(string path, string name, FileState state)
    {
        TarEntryType? type = state.IsDirectory ? TarEntryType.Directory : state.IsLink ? TarEntryType.SymbolicLink : state.IsRegular ? TarEntryType.RegularFile
            : state.IsCharacterDevice ? TarEntryType.CharacterDevice : state.IsBlockDevice ? TarEntryType.BlockDevice : null;
        if (type is not { } kind)
        {
            return null;
        }

        var entry = new PaxTarEntry(kind, name.Length == 0 ? "./" : state.IsDirectory ? name + "/" : name)
        {
            Mode = (UnixFileMode)(state.Mode & Permissions), Uid = state.User, Gid = state.Group, ModificationTime = new DateTimeOffset(state.Modified),
        };
        if (state.IsLink)
        {
            entry.LinkName = new FileInfo(path).LinkTarget ?? "";
        }
        else if (!state.IsDirectory && !state.IsRegular)
        {
            (entry.DeviceMajor, entry.DeviceMinor) = ((int)state.Major, (int)state.Minor);
        }

        return entry;
    }

    private static async Task PutAsync(TarEntry entry, string root, string below, CancellationToken cancellationToken)
    {
        var path = ScopedPath.ResolveParent(root, $"{below}/{entry.Name}");
        if (path == root)
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var existing = Native.State(path);
        if (entry.EntryType == TarEntryType.Directory)
        {
            if (existing is { IsDirectory: false })
            {
                throw DockerException.BadRequest($"cannot overwrite non-directory \"{entry.Name}\" with directory");
            }

            Directory.CreateDirectory(path);
        }
        else
        {
            if (existing is { IsDirectory: true })
            {
                throw DockerException.BadRequest($"cannot overwrite directory \"{entry.Name}\" with non-directory");
            }

            File.Delete(path);
            await MakeAsync(entry, path, root, below, cancellationToken);
        }

        if (entry.EntryType is not TarEntryType.HardLink)
        {
            Native.ChangeOwner(path, entry.Uid, entry.Gid);
        }

        if (entry.EntryType is not (TarEntryType.SymbolicLink or TarEntryType.HardLink))
        {
            File.SetUnixFileMode(path, entry.Mode);
            if (entry.EntryType != TarEntryType.Directory)
            {
                File.SetLastWriteTimeUtc(path, entry.ModificationTime.UtcDateTime);
            }
        }
    }

    private static async Task MakeAsync(TarEntry entry, string path, string root, string below, CancellationToken cancellationToken)
    {
        const uint characterDevice = 0x2000;
        const uint blockDevice = 0x6000;
        switch (entry.EntryType)
        {
            case TarEntryType.SymbolicLink:
                File.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                Native.HardLink(ScopedPath.ResolveParent(root, $"{below}/{entry.LinkName}"), path);
                break;
            case TarEntryType.CharacterDevice or TarEntryType.BlockDevice when entry is PosixTarEntry device:
                Native.MakeNode(path, (entry.EntryType == TarEntryType.BlockDevice ? blockDevice : characterDevice) | (uint)entry.Mode, (uint)device.DeviceMajor, (uint)device.DeviceMinor);
                break;
            case TarEntryType.Fifo:
                Native.MakeFifo(path);
                break;
            default:
                await using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write))
                {
                    await (entry.DataStream?.CopyToAsync(file, cancellationToken) ?? Task.CompletedTask);
                    if (file.Length != entry.Length)
                    {
                        throw new InvalidDataException($"it ends in the middle of {entry.Name}");
                    }
                }

                break;
        }
    }
}
