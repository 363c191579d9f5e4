using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;

namespace Flotilla.Node.Tests.Live;

/// <summary>Images for tests, made from the machine's static busybox: nothing is pulled.</summary>
internal static class TestImages
{
    private static readonly string[] Applets =
        ["sh", "sleep", "cat", "echo", "ls", "true", "false", "env", "id", "httpd", "nc", "wget", "kill", "tail", "hostname", "touch", "tar", "stty", "printf", "mkdir", "mount", "grep", "nslookup", "dd"];

    public static MemoryStream Busybox(string tag)
    {
        using var layer = new MemoryStream();
        using (var writer = new TarWriter(layer, TarEntryFormat.Ustar, leaveOpen: true))
        {
            const UnixFileMode mode = (UnixFileMode)0b111_101_101;
            foreach (var directory in new[] { "bin", "tmp", "etc" })
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.Directory, directory) { Mode = mode });
            }
            using var busybox = File.OpenRead("/bin/busybox");
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "bin/busybox") { Mode = mode, DataStream = busybox });
            foreach (var applet in Applets)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + applet) { LinkName = "busybox", Mode = mode });
            }
        }
        var layerBytes = layer.ToArray();
        var config = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64",
            os = "linux",
            config = new { Cmd = new[] { "sh" }, Env = new[] { "PATH=/bin" } },
            rootfs = new { type = "layers", diff_ids = new[] { "sha256:" + Convert.ToHexStringLower(SHA256.HashData(layerBytes)) } },
        });
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new[] { new { Config = "config.json", RepoTags = new[] { tag }, Layers = new[] { "layer.tar" } } });
        var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in new[] { ("layer.tar", layerBytes), ("config.json", config), ("manifest.json", manifest) })
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }
        archive.Position = 0;
        return archive;
    }
}
