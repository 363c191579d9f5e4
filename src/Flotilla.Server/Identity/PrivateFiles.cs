namespace Flotilla.Server.Identity;

/// <summary>Files of a directory that only its owner may enter. A file is there completely or not at all.</summary>
internal sealed class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everybody = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private readonly string directory;

    public PrivateFiles(string directory)
    {
        const UnixFileMode mode = OwnerOnly | UnixFileMode.UserExecute;
        this.directory = directory;
        Directory.CreateDirectory(directory, mode);
        if (File.GetUnixFileMode(directory) != mode)
        {
            // Not without need: a disk that takes no writes at present would keep who only reads.
            File.SetUnixFileMode(directory, mode);
        }
    }

    public string PathOf(string name) => Path.Combine(directory, name);

    public string? Read(string name)
    {
        try
        {
            return File.ReadAllText(PathOf(name));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    public void WriteSecret(string name, string content) => Write(name, content, OwnerOnly);

    public void WritePublic(string name, string content) => Write(name, content, Everybody);

    private void Write(string name, string content, UnixFileMode mode)
    {
        var temporary = PathOf($".{name}.new");
        File.Delete(temporary);
        using (var file = new FileStream(
            temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            using (var writer = new StreamWriter(file, leaveOpen: true))
            {
                writer.Write(content);
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, PathOf(name), overwrite: true);
    }
}
