using Flotilla.Node.Linux;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Volumes;

/// <summary>The <c>type</c> of a hostPath volume: what must be there, or is created.</summary>
internal static class HostPathCheck
{
    private const int Directory = 0x4000;
    private const int Regular = 0x8000;
    private const int Socket = 0xC000;
    private const int CharacterDevice = 0x2000;
    private const int BlockDevice = 0x6000;

    public static void Ensure(string path, string? type)
    {
        switch (type)
        {
            case null or "":
                break;
            case "DirectoryOrCreate":
                if (Native.FileType(path) is null)
                {
                    System.IO.Directory.CreateDirectory(path);
                }
                Require(path, Directory, "a directory");
                break;
            case "FileOrCreate":
                if (Native.FileType(path) is null)
                {
                    using var created = File.Open(path, FileMode.OpenOrCreate);
                }
                Require(path, Regular, "a file");
                break;
            case "Directory":
                Require(path, Directory, "a directory");
                break;
            case "File":
                Require(path, Regular, "a file");
                break;
            case "Socket":
                Require(path, Socket, "a socket file");
                break;
            case "CharDevice":
                Require(path, CharacterDevice, "a character device");
                break;
            case "BlockDevice":
                Require(path, BlockDevice, "a block device");
                break;
            default:
                throw new VolumeException($"{type} is an invalid volume type");
        }
    }

    private static void Require(string path, int wanted, string words)
    {
        if (Native.FileType(path) != wanted)
        {
            throw new VolumeException($"hostPath type check failed: {path} is not {words}");
        }
    }
}
