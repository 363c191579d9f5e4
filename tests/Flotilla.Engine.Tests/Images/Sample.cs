using System.Text.Json.Nodes;
using Flotilla.Engine.Images;

namespace Flotilla.Engine.Tests.Images;

/// <summary>Images as containerd would have them.</summary>
internal static class Sample
{
    public const string Id = "sha256:aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999";

    public static string Digest(char letter) => "sha256:" + new string(letter, 64);

    public static EngineImage Image(params string[] names) => new(Content, names, Digest('e'), [100, 20]);

    public static ImageContent Content => new(
        Id,
        Digest('e'),
        Parse($$$"""{"config":{"digest":"{{{Id}}}","size":2,"mediaType":"c"},"layers":[{"digest":"{{{Digest('1')}}}","size":3,"mediaType":"l"},{"digest":"{{{Digest('2')}}}","size":4,"mediaType":"l"}]}"""),
        Parse($$$"""
            {"created":"2024-05-06T07:08:09Z","config":{"Labels":{"tier":"web"}},"rootfs":{"diff_ids":["{{{Digest('a')}}}","{{{Digest('b')}}}"]},
             "history":[{"created_by":"ADD root"},{"created_by":"ENV A=1","empty_layer":true},{"created_by":"COPY app"}]}
            """));

    private static JsonObject Parse(string text) => JsonNode.Parse(text)!.AsObject();
}
