using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Flotilla.Node.Tests.Live;

/// <summary>Images for tests, made from the machine's static busybox: nothing is pulled.</summary>
internal static class TestImages
{
    private static readonly string[] Applets =
        ["sh", "sleep", "cat", "echo", "ls", "true", "false", "env", "id", "httpd", "nc", "wget", "kill", "tail", "hostname", "touch", "tar", "stty", "printf", "mkdir", "mount", "grep", "nslookup", "dd"];

    /// <summary>As <c>docker save</c> wrote it for long.</summary>
    public static MemoryStream Busybox(string tag)
    {
        var layer = Layer();
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new[] { new { Config = "config.json", RepoTags = new[] { tag }, Layers = new[] { "layer.tar" } } });
        return Archive(("layer.tar", layer), ("config.json", Config(layer)), ("manifest.json", manifest));
    }

    /// <summary>An OCI layout, whose index names the image by the given annotations.</summary>
    public static MemoryStream OciLayout(Dictionary<string, string> annotations)
    {
        var layer = Layer();
        var config = Config(layer);
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = "application/vnd.oci.image.manifest.v1+json",
            config = new { mediaType = "application/vnd.oci.image.config.v1+json", size = config.Length, digest = Digest(config) },
            layers = new[] { new { mediaType = "application/vnd.oci.image.layer.v1.tar", size = layer.Length, digest = Digest(layer) } },
        });
        var index = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            manifests = new[] { new { mediaType = "application/vnd.oci.image.manifest.v1+json", size = manifest.Length, digest = Digest(manifest), annotations } },
        });
        return Archive(
            ("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray()), ("index.json", index),
            (Blob(manifest), manifest), (Blob(config), config), (Blob(layer), layer));
    }

    public static byte[] Layer()
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
        return layer.ToArray();
    }

    public static byte[] Config(byte[] layer, string note = "") => JsonSerializer.SerializeToUtf8Bytes(new
    {
        architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
        os = "linux",
        author = note,
        config = new { Cmd = new[] { "sh" }, Env = new[] { "PATH=/bin" } },
        rootfs = new { type = "layers", diff_ids = new[] { Digest(layer) } },
    });

    private static MemoryStream Archive(params (string Name, byte[] Content)[] files)
    {
        var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }
        archive.Position = 0;
        return archive;
    }

    private static string Digest(byte[] blob) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(blob));

    private static string Blob(byte[] blob) => "blobs/sha256/" + Digest(blob)[7..];
}
