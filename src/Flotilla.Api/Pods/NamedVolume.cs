using System.Text.Json;

namespace Flotilla.Api.Pods;

/// <summary>What a Pod asks of one of the machine's named volumes, whose directory it mounts as a hostPath volume.</summary>
public sealed record NamedVolume
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault };

    /// <summary>Of the volume, where it is made now; null: none.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Of the driver <c>local</c>, where it is made now: <c>type</c>, <c>device</c>, <c>o</c>; null: a directory of the machine.</summary>
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    /// <summary>It stays empty, whatever the image has where it is mounted.</summary>
    public bool NoCopy { get; init; }

    /// <summary>The value of <see cref="PodAnnotations.NamedVolumes"/>.</summary>
    public static string Write(IReadOnlyDictionary<string, NamedVolume> volumes) => JsonSerializer.Serialize(volumes, Format);

    /// <returns>By the volume's name in the Pod.</returns>
    /// <exception cref="JsonException">It is none.</exception>
    public static IReadOnlyDictionary<string, NamedVolume> Read(string annotation) =>
        JsonSerializer.Deserialize<Dictionary<string, NamedVolume>>(annotation, Format) ?? throw new JsonException("null is no object");
}
