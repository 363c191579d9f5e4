using System.Text;

namespace Flotilla.Server.Identity;

/// <summary>Files of a directory that only its owner may enter. A file is there completely or not at all; the secret ones are sealed when the seal is on.</summary>
internal sealed class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everybody = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private readonly string directory;
    private readonly FileSeal? seal;

    /// <param name="seal">null: nothing here is ever sealed.</param>
    public PrivateFiles(string directory, FileSeal? seal = null)
    {
        this.seal = seal;
        const UnixFileMode mode = OwnerOnly | UnixFileMode.UserExecute;
        this.directory = directory;

        // Neither without need: a disk that takes no writes at present would keep who only reads.
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory, mode);
        }

        if (File.GetUnixFileMode(directory) != mode)
        {
            File.SetUnixFileMode(directory, mode);
        }
    }

    public string PathOf(string name) => Path.Combine(directory, name);

    /// <exception cref="SealedException">It is sealed, and the server of this directory is locked or does not run.</exception>
    public string? Read(string name)
    {
        try
        {
            var path = PathOf(name);
            var bytes = File.ReadAllBytes(path);
            return Encoding.UTF8.GetString(seal is null ? bytes : seal.Open(path, bytes));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <exception cref="SealedException">It would have to be sealed, and the server of this directory is locked or does not run.</exception>
    public void WriteSecret(string name, string content)
    {
        var (path, bytes) = (PathOf(name), Encoding.UTF8.GetBytes(content));
        Write(path, seal is { IsOn: true } ? seal.Close(path, bytes) : bytes, OwnerOnly);
    }

    public void WritePublic(string name, string content) => Write(PathOf(name), Encoding.UTF8.GetBytes(content), Everybody);

    /// <summary>It need not be there.</summary>
    public void Delete(string name) => File.Delete(PathOf(name));

    /// <summary>Bytes as they are, for the owner alone.</summary>
    public static void WriteAsIs(string path, ReadOnlySpan<byte> content) => Write(path, content, OwnerOnly);

    private static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        // Its own name in each process: a command may renew what its server renews at the same moment.
        var temporary = Path.Combine(Path.GetDirectoryName(path)!, FormattableString.Invariant($".{Path.GetFileName(path)}.{Environment.ProcessId}.new"));
        File.Delete(temporary);
        using (var file = new FileStream(
            temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
