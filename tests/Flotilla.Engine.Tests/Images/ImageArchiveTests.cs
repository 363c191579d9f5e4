using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Engine.Images;

namespace Flotilla.Engine.Tests.Images;

public sealed class ImageArchiveTests
{
    [Fact]
    public async Task Holds_each_blob_once_and_every_name_in_both_descriptions()
    {
        var manifest = new Blob(Sample.Digest('e'), 5, "m");
        var files = await FilesAsync(new ArchivedImage(Sample.Content, manifest, ["docker.io/library/web:1", "docker.io/team/web:2"]));
        Assert.Equal(
            ["blobs/sha256/" + new string('1', 64), "blobs/sha256/" + new string('2', 64), "blobs/sha256/" + Sample.Id[7..], "blobs/sha256/" + new string('e', 64), "index.json", "manifest.json", "oci-layout"],
            files.Keys);
        Assert.Equal("[{\"Config\":\"blobs/sha256/" + Sample.Id[7..] + "\",\"RepoTags\":[\"web:1\",\"team/web:2\"],\"Layers\":[\"blobs/sha256/" + new string('1', 64) + "\",\"blobs/sha256/" + new string('2', 64) + "\"]}]", files["manifest.json"]);
        var entries = JsonNode.Parse(files["index.json"])!["manifests"]!.AsArray();
        Assert.Equal(["docker.io/library/web:1", "docker.io/team/web:2"], entries.Select(entry => (string)entry!["annotations"]!["io.containerd.image.name"]!));
        Assert.All(entries, entry => Assert.Equal((Sample.Digest('e'), 5), ((string)entry!["digest"]!, (int)entry["size"]!)));
    }

    [Fact]
    public async Task An_image_without_a_name_has_none_there_either()
    {
        var files = await FilesAsync(new ArchivedImage(Sample.Content, new Blob(Sample.Digest('e'), 5, "m"), []));
        Assert.Null(JsonNode.Parse(files["manifest.json"])![0]!["RepoTags"]);
        Assert.Null(JsonNode.Parse(files["index.json"])!["manifests"]![0]!["annotations"]);
    }

    private static async Task<Dictionary<string, string>> FilesAsync(params ArchivedImage[] images)
    {
        using var archive = new MemoryStream();
        await ImageArchive.WriteAsync(archive, images, blob => new MemoryStream(new byte[blob.Size]), TestContext.Current.CancellationToken);
        archive.Position = 0;
        await using var reader = new TarReader(archive);
        Dictionary<string, string> files = [];
        while (await reader.GetNextEntryAsync(cancellationToken: TestContext.Current.CancellationToken) is { } entry)
        {
            if (entry.EntryType == TarEntryType.RegularFile)
            {
                using var text = new StreamReader(entry.DataStream!, Encoding.UTF8);
                files.Add(entry.Name, await text.ReadToEndAsync(TestContext.Current.CancellationToken));
            }
        }

        return files;
    }
}
