using System.Globalization;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Building;

/// <summary>Files of a COPY or ADD that lie neither in the context nor in an image: downloads and here-documents, in a directory of their own until disposed.</summary>
internal sealed class GatheredFiles : IDisposable
{
    private const int DownloadMode = 0x180;
    private const int DocumentMode = 0x1A4;
    private readonly string directory;
    private readonly List<CopySource> all = [];

    private GatheredFiles(string directory) => this.directory = directory;

    public IReadOnlyList<CopySource> All => all;

    /// <param name="parent">For the directory.</param>
    /// <exception cref="DockerfileException">Something cannot be had.</exception>
    public static async Task<GatheredFiles> OfAsync(CopyInstruction copy, string parent, CancellationToken cancellationToken)
    {
        var files = new GatheredFiles(Path.Combine(parent, Ids.New()[..16]));
        try
        {
            foreach (var address in copy.Addresses)
            {
                await files.DownloadAsync(copy, address, cancellationToken);
            }

            foreach (var (name, text) in copy.Documents)
            {
                var file = files.NewFile(name);
                await File.WriteAllTextAsync(file, text, cancellationToken);
                File.SetUnixFileMode(file, (UnixFileMode)DocumentMode);
                files.all.Add(new CopySource(file, name, Unpacks: false));
            }

            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task DownloadAsync(CopyInstruction copy, Uri address, CancellationToken cancellationToken)
    {
        using var download = await Download.BeginAsync(copy.Instruction, address, cancellationToken);
        var name = download.FileName.Length > 0 || !copy.IsIntoDirectory ? download.FileName : throw copy.Instruction.Wrong($"cannot determine filename for source {address}; write it as the end of the destination");
        var file = NewFile(name.Length > 0 ? name : "download");
        await download.SaveAsync(file, copy.Checksum, cancellationToken);
        File.SetUnixFileMode(file, (UnixFileMode)DownloadMode);
        all.Add(new CopySource(file, name, copy.Unpacks ?? false));
    }

    private string NewFile(string name) => Path.Combine(Directory.CreateDirectory(Path.Combine(directory, all.Count.ToString(CultureInfo.InvariantCulture))).FullName, name);
}
