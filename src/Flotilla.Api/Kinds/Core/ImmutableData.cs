using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>ConfigMaps and Secrets marked immutable stay so, and their data with them.</summary>
internal static class ImmutableData
{
    private const string Detail = "field is immutable when `immutable` is set";

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject old, params string[] fields)
    {
        if (old.Boolean("immutable") != true)
        {
            yield break;
        }

        if (item.Boolean("immutable") != true)
        {
            yield return FieldError.Forbidden("immutable", Detail);
        }

        foreach (var field in fields)
        {
            if (!item.Object(field).SameAs(old.Object(field)))
            {
                yield return FieldError.Forbidden(field, Detail);
            }
        }
    }

    public static int DecodedLength(JsonNode? base64)
    {
        var text = base64.AsString() ?? "";
        return (text.Length / 4 * 3) - text.Reverse().TakeWhile(c => c == '=').Count();
    }
}
