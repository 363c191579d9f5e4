using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Flotilla.Server.Membership;

/// <summary>One API server of the cluster and where it answers.</summary>
public sealed record ServerMember(string Name, string Address, int Port)
{
    [JsonIgnore]
    public string Authority => string.Create(CultureInfo.InvariantCulture, $"{(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]" : Address)}:{Port}");

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, MemberJson.Default.ServerMember);

    /// <summary>Null: nothing that can be read.</summary>
    public static ServerMember? FromJson(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, MemberJson.Default.ServerMember);
        }
        catch (JsonException)
        {
            // Of another version of ours: it says what it is by the keys that this version writes, or nothing.
            return null;
        }
    }
}

[JsonSerializable(typeof(ServerMember))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class MemberJson : JsonSerializerContext;
