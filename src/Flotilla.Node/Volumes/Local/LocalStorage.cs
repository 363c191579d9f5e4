using Flotilla.Api.Volumes;
using k8s.Models;

namespace Flotilla.Node.Volumes.Local;

/// <summary>What is behind local volumes on this node's disk. Every step may be repeated after a crash.</summary>
internal sealed class LocalStorage(string directory)
{
    private const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;
    private const UnixFileMode OwnerOnly = (UnixFileMode)0b110_000_000;

    public string Directory => directory;

    /// <summary>A directory open to every user, as the pod's own is not known yet; for block volumes a file without content.</summary>
    public string Create(V1PersistentVolumeClaim claim)
    {
        var path = Path.Combine(directory, LocalVolumes.FolderFor(claim));
        System.IO.Directory.CreateDirectory(directory);
        if (claim.IsBlock())
        {
            Resize(path, claim.RequestedBytes());
        }
        else
        {
            System.IO.Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, Everybody);
        }
        return path;
    }

    /// <summary>A block volume's file grows to its size; it takes up no room before it is written.</summary>
    public static void Resize(string path, decimal bytes)
    {
        using var file = File.Open(path, FileMode.OpenOrCreate);
        File.SetUnixFileMode(path, OwnerOnly);
        if (file.Length < (long)bytes)
        {
            file.SetLength((long)bytes);
        }
    }

    public static void Delete(string path)
    {
        if (System.IO.Directory.Exists(path))
        {
            System.IO.Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }
}
