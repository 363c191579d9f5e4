using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;

namespace Flotilla.Api;

/// <summary>
/// Typed models to and from UTF-8 JSON, without reflection for the models the client package knows. Managed fields are not
/// read: they are half of many an object, nothing here that has a typed object looks at them, and writing an object
/// back without them leaves them as they were.
/// </summary>
public static class ObjectJson
{
    public static readonly JsonSerializerOptions Options = Create();

    public static byte[] Encode<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    public static T Decode<T>(ReadOnlySpan<byte> utf8) =>
        JsonSerializer.Deserialize<T>(utf8, Options) ?? throw new JsonException("null is not an object");

    private static JsonSerializerOptions Create()
    {
        JsonSerializerOptions? shared = null;
        KubernetesJson.AddJsonOptions(options => shared = options);
        return new JsonSerializerOptions(shared!)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            WriteIndented = false,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = shared!.TypeInfoResolver!.WithAddedModifier(SkipManagedFields),
        };
    }

    private static void SkipManagedFields(JsonTypeInfo type)
    {
        if (type.Type == typeof(V1ObjectMeta) && type.Properties.FirstOrDefault(property => property.Name == "managedFields") is { } managed)
        {
            managed.Set = null;
        }
    }
}
