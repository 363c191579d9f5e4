using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Server.OpenApi.Protobuf;

namespace Flotilla.Server.OpenApi;

/// <summary>One document about some kinds; each of its formats is made when somebody first asks for it, and kept. Immutable.</summary>
internal sealed class OpenApiDocument
{
    private readonly IReadOnlyList<Kind> kinds;
    private readonly Lazy<byte[]> json;
    private readonly Lazy<byte[]> protobuf;
    private readonly Lazy<string> hash;

    public OpenApiDocument(IReadOnlyList<Kind> kinds, OpenApiVersion version)
    {
        this.kinds = kinds;
        json = new(() => StoredObject.Serialize(new OpenApiWriter(version).Document(kinds)));
        protobuf = new(() => OpenApiEncoder.Encode(JsonNode.Parse(Json), version == OpenApiVersion.V2 ? OpenApiV2Messages.Document : OpenApiV3Messages.Document));
        hash = new(() => Convert.ToHexString(SHA512.HashData(Json)));
    }

    public byte[] Json => json.Value;

    /// <summary>As gnostic's <c>Document</c> of the same version.</summary>
    public byte[] Protobuf => protobuf.Value;

    /// <summary>Of the content, whatever the format.</summary>
    public string Hash => hash.Value;

    public bool IsAbout(IReadOnlyList<Kind> others) => kinds.SequenceEqual(others);
}
