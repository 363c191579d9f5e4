using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class ConfigMapRules
{
    private const int MaximumBytes = 1024 * 1024;

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        if (old is not null)
        {
            foreach (var error in ImmutableData.Check(item, old, "data", "binaryData"))
            {
                yield return error;
            }
        }

        var size = 0;
        var (data, binary) = (item.Object("data"), item.Object("binaryData"));
        foreach (var (key, value) in (data ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Names.CheckConfigKey(key) is { } wrong)
            {
                yield return FieldError.Invalid($"data[{key}]", key, wrong);
            }

            if (binary?.ContainsKey(key) == true)
            {
                yield return FieldError.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
            }

            size += Encoding.UTF8.GetByteCount(value.AsString() ?? "");
        }

        foreach (var (key, value) in (binary ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Names.CheckConfigKey(key) is { } wrong)
            {
                yield return FieldError.Invalid($"binaryData[{key}]", key, wrong);
            }

            size += ImmutableData.DecodedLength(value);
        }

        if (size > MaximumBytes)
        {
            yield return FieldError.TooLong("[]", MaximumBytes);
        }
    }
}
