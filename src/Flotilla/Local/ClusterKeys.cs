using Flotilla.Node.Joining;
using Flotilla.Server.Identity;

namespace Flotilla.Local;

/// <summary>
/// The files that make a machine a server of its cluster: authorities, keys, the administrator's certificate. etcd's authority
/// has a directory of its own: a restored cluster gets another one, so that members of the time before find no way in.
/// </summary>
internal static class ClusterKeys
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // What belongs to one machine's addresses is issued anew on every other.
    private static readonly string[] OfOneMachine = ["server.crt", "server.key", "kubelet.crt", "kubelet.key", .. NodeIdentity.OwnFiles];

    /// <summary>By the names of the files, as they are: sealed ones with what seals them.</summary>
    public static Dictionary<string, byte[]> Read(string directory) => new DirectoryInfo(directory).EnumerateFiles()
        .Where(file => !file.Name.StartsWith('.') && !OfOneMachine.Contains(file.Name))
        .ToDictionary(file => file.Name, file => File.ReadAllBytes(file.FullName), StringComparer.Ordinal);

    /// <summary>The same, open, for another server.</summary>
    /// <exception cref="SealedException">This server is locked.</exception>
    public static Dictionary<string, byte[]> ReadOpen(ClusterSettings settings) => Read(settings.IdentityDirectory)
        .Where(file => file.Key != FileSeal.FileName)
        .ToDictionary(file => file.Key, file => settings.Seal.Open(Path.Combine(settings.IdentityDirectory, file.Key), file.Value), StringComparer.Ordinal);

    /// <summary>On disk when it returns.</summary>
    public static async Task WriteAsync(string directory, IEnumerable<KeyValuePair<string, byte[]>> files, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory, Owner | UnixFileMode.UserExecute);
        foreach (var (name, bytes) in files)
        {
            var path = Path.Combine(directory, Path.GetFileName(name));
            await using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Owner });
            await file.WriteAsync(bytes, cancellationToken);
            file.Flush(flushToDisk: true);
        }
    }

    /// <summary>What a machine had as a node of the cluster that it is a server of now.</summary>
    public static void ForgetNode(string directory)
    {
        foreach (var name in NodeIdentity.OwnFiles)
        {
            File.Delete(Path.Combine(directory, name));
        }
    }
}
