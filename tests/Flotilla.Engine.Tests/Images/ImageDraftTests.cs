using System.Text.Json.Nodes;
using Flotilla.Engine.Images;
using Flotilla.Engine.Images.Making;

namespace Flotilla.Engine.Tests.Images;

public sealed class ImageDraftTests
{
    private static readonly DateTime At = new(2026, 11, 30, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_layer_comes_on_top_and_has_its_line_in_the_history()
    {
        var below = ImageDraft.On(Sample.Content);
        var above = below.With(new JsonObject { ["Cmd"] = new JsonArray("a"), ["Hostname"] = "gone" }, new HistoryStep(At, "sh", "why", "who"), new Layer(new Blob(Sample.Digest('3'), 9, "l"), Sample.Digest('c')));
        Assert.Equal([Sample.Digest('1'), Sample.Digest('2'), Sample.Digest('3')], above.Layers.Select(layer => layer.Digest));
        Assert.Equal(Chain.Of(below.ChainId, Sample.Digest('c')), above.ChainId);
        Assert.Equal("""{"Cmd":["a"]}""", above.Settings.ToJsonString());
        Assert.Equal("""{"created":"2026-11-30T12:00:00Z","author":"who","created_by":"sh","comment":"why"}""", above.Config["history"]!.AsArray()[^1]!.ToJsonString());
        Assert.Equal(3, below.Config["history"]!.AsArray().Count);
    }

    [Fact]
    public void A_step_without_files_says_so()
    {
        var draft = ImageDraft.Empty().With([], new HistoryStep(At, "CMD"), null);
        Assert.Equal(("", true), (draft.ChainId, (bool)draft.Config["history"]![0]!["empty_layer"]!));
        Assert.Empty(draft.Layers);
    }

    [Fact]
    public void Layers_of_docker_are_called_as_the_manifest_is()
    {
        var manifest = JsonNode.Parse($$"""{"config":{"digest":"{{Sample.Id}}"},"layers":[{"digest":"{{Sample.Digest('1')}}","size":3,"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip"}]}""")!.AsObject();
        Assert.Equal("application/vnd.oci.image.layer.v1.tar+gzip", Assert.Single(ImageDraft.On(Sample.Content with { Manifest = manifest }).Layers).MediaType);
    }
}
