using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Api.Json;

/// <summary>A body that is not JSON, in the words clients of the API know.</summary>
public sealed class GoJsonException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Reads JSON into a mutable tree; the last of duplicate keys wins, and each duplicate is reported by its path.</summary>
public static class GoJson
{
    private const int MaxDepth = 256;

    /// <exception cref="GoJsonException">The bytes are not one JSON value.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8, List<string>? duplicates = null)
    {
        var hasDuplicates = false;
        var value = Parse(utf8, null, ref hasDuplicates);
        // Nearly no body has any: only then is it worth knowing the path of each field.
        return hasDuplicates && duplicates is not null ? Parse(utf8, duplicates, ref hasDuplicates) : value;
    }

    private static JsonNode? Parse(ReadOnlySpan<byte> utf8, List<string>? duplicates, ref bool hasDuplicates)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (!reader.Read())
            {
                throw new GoJsonException("unexpected end of JSON input");
            }

            var value = ReadValue(ref reader, duplicates, "", ref hasDuplicates);
            if (reader.Read())
            {
                throw new GoJsonException(GoJsonScanner.Explain(utf8));
            }

            return value;
        }
        catch (JsonException error)
        {
            throw new GoJsonException(reader.CurrentDepth >= MaxDepth ? error.Message : GoJsonScanner.Explain(utf8), error);
        }
    }

    private static JsonNode? ReadValue(ref Utf8JsonReader reader, List<string>? duplicates, string path, ref bool hasDuplicates)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadObject(ref reader, duplicates, path, ref hasDuplicates);
            case JsonTokenType.StartArray:
                var array = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    array.Add(ReadValue(ref reader, duplicates, duplicates is null ? "" : $"{path}[{array.Count}]", ref hasDuplicates));
                }

                return array;
            case JsonTokenType.String:
                return JsonValue.Create(LenientText.Of(ref reader));
            case JsonTokenType.Number:
                return reader.TryGetInt64(out var integer) ? JsonValue.Create(integer) : JsonValue.Create(Real(ref reader));
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            default:
                return null;
        }
    }

    // What no float64 holds has no place in a tree: it could not be written again.
    private static double Real(ref Utf8JsonReader reader) => reader.GetDouble() is var number && double.IsFinite(number)
        ? number
        : throw new GoJsonException($"json: cannot unmarshal number {Encoding.UTF8.GetString(reader.ValueSpan)} into Go value of type float64");

    private static JsonObject ReadObject(ref Utf8JsonReader reader, List<string>? duplicates, string path, ref bool hasDuplicates)
    {
        var value = new JsonObject();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = NamePool.Of(ref reader);
            reader.Read();
            var childPath = duplicates is null ? "" : path.Length == 0 ? name : $"{path}.{name}";
            var child = ReadValue(ref reader, duplicates, childPath, ref hasDuplicates);
            var before = value.Count;
            value[name] = child;
            if (value.Count == before)
            {
                hasDuplicates = true;
                duplicates?.Add(childPath);
            }
        }

        return value;
    }
}
