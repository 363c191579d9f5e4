using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Flotilla.Client.Joining;

/// <summary>A machine that wants to be a server: its name as a node, where its API will answer, and where its etcd.</summary>
public sealed record JoiningServer(string Name, string Address, int Port, int EtcdPeerPort)
{
    /// <summary>Where a server asks to be one: a POST of this record, with a manager token as the bearer.</summary>
    public const string Path = "/flotilla/v1/servers";

    [JsonIgnore]
    public string Authority => string.Create(CultureInfo.InvariantCulture, $"{(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]" : Address)}:{Port}");

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, JoiningJson.Default.JoiningServer);

    /// <summary>Null: it is none.</summary>
    public static JoiningServer? FromJson(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, JoiningJson.Default.JoiningServer) is { Name.Length: > 0, Address.Length: > 0, Port: > 0 and <= 65535, EtcdPeerPort: > 0 and <= 65535 } server ? server : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSerializable(typeof(JoiningServer))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class JoiningJson : JsonSerializerContext;
