using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Flotilla.Node.Containerd;

/// <summary>The pods' sandbox image, made here so that a node never has to pull one.</summary>
public static class PauseImage
{
    /// <summary>The tag changes when the program does, so that a node with an older one imports the new.</summary>
    public const string Name = "docker.io/flotilla/pause:1";

    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>A docker-archive with the one image.</summary>
    public static byte[] Archive(Architecture architecture)
    {
        var layer = Tar([("pause", PauseProgram.For(architecture), Executable)]);
        var config = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["architecture"] = architecture == Architecture.Arm64 ? "arm64" : "amd64",
            ["os"] = "linux",
            ["created"] = "1970-01-01T00:00:00Z",
            ["config"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["Entrypoint"] = new[] { "/pause" }, ["User"] = "65535:65535" },
            ["rootfs"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["type"] = "layers", ["diff_ids"] = new[] { "sha256:" + Sha256(layer) } },
        });
        var configName = Sha256(config) + ".json";
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new[]
        {
            new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["Config"] = configName, ["RepoTags"] = new[] { Name["docker.io/".Length..] }, ["Layers"] = new[] { "layer.tar" },
            },
        });
        const UnixFileMode plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        return Tar([("layer.tar", layer, plain), (configName, config, plain), ("manifest.json", manifest, plain)]);
    }

    private static string Sha256(byte[] data) => Convert.ToHexStringLower(SHA256.HashData(data));

    private static byte[] Tar(IReadOnlyList<(string Name, byte[] Content, UnixFileMode Mode)> files)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content, mode) in files)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(content),
                    Mode = mode,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                });
            }
        }
        return archive.ToArray();
    }
}
