using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Api.Json;

/// <summary>A body that is not JSON, in the words clients of the API know.</summary>
public sealed class GoJsonException(string message) : Exception(message);

/// <summary>Reads JSON into a mutable tree; the last of duplicate keys wins, and each duplicate is reported by its path.</summary>
public static class GoJson
{
    private const int MaxDepth = 256;

    /// <exception cref="GoJsonException">The bytes are not one JSON value.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8, List<string>? duplicates = null)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (!reader.Read())
            {
                throw new GoJsonException("unexpected end of JSON input");
            }

            var value = ReadValue(ref reader, duplicates, "");
            if (reader.Read())
            {
                throw new GoJsonException("invalid character after top-level value");
            }

            return value;
        }
        catch (JsonException error)
        {
            throw new GoJsonException(Explain(utf8, reader.BytesConsumed, error));
        }
    }

    private static JsonNode? ReadValue(ref Utf8JsonReader reader, List<string>? duplicates, string path)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadObject(ref reader, duplicates, path);
            case JsonTokenType.StartArray:
                var array = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    array.Add(ReadValue(ref reader, duplicates, duplicates is null ? "" : $"{path}[{array.Count}]"));
                }

                return array;
            case JsonTokenType.String:
                return JsonValue.Create(reader.GetString());
            case JsonTokenType.Number:
                return reader.TryGetInt64(out var integer) ? JsonValue.Create(integer) : JsonValue.Create(reader.GetDouble());
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            default:
                return null;
        }
    }

    private static JsonObject ReadObject(ref Utf8JsonReader reader, List<string>? duplicates, string path)
    {
        var value = new JsonObject();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            reader.Read();
            var childPath = duplicates is null ? "" : path.Length == 0 ? name : $"{path}.{name}";
            var child = ReadValue(ref reader, duplicates, childPath);
            if (duplicates is not null && value.ContainsKey(name))
            {
                duplicates.Add(childPath);
            }

            value[name] = child;
        }

        return value;
    }

    /// <summary>Upstream's clients know Go's wording: which character, and what was looked for.</summary>
    private static string Explain(ReadOnlySpan<byte> utf8, long consumed, JsonException error)
    {
        var at = (int)consumed;
        while (at < utf8.Length && (utf8[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
        {
            at++;
        }

        // The reader stops before a separator it already looked past.
        var afterComma = false;
        if (at < utf8.Length && utf8[at] == (byte)',' && error.Message.Contains("trailing comma", StringComparison.OrdinalIgnoreCase))
        {
            at++;
        }

        if (at >= utf8.Length)
        {
            return "unexpected end of JSON input";
        }

        var previous = at - 1;
        while (previous >= 0 && (utf8[previous] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
        {
            previous--;
        }

        if (utf8[at] == (byte)',' && previous >= 0 && utf8[previous] is not ((byte)'{' or (byte)'['))
        {
            afterComma = true;
            at++;
            while (at < utf8.Length && (utf8[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
            {
                at++;
            }

            if (at >= utf8.Length)
            {
                return "unexpected end of JSON input";
            }
        }

        // A literal that starts like true, false or null but is not: Go names the character that breaks it.
        foreach (var literal in (ReadOnlySpan<string>)["true", "false", "null"])
        {
            if (utf8[at] == literal[0])
            {
                for (var i = 1; i < literal.Length; i++)
                {
                    if (at + i >= utf8.Length)
                    {
                        return "unexpected end of JSON input";
                    }

                    if (utf8[at + i] != literal[i])
                    {
                        return $"invalid character {Quote(utf8, at + i)} in literal {literal} (expecting '{literal[i]}')";
                    }
                }
            }
        }

        var looking = (previous < 0 ? ' ' : (char)utf8[previous]) switch
        {
            '{' => "looking for beginning of object key string",
            ':' or '[' or ' ' => "looking for beginning of value",
            ',' => afterComma ? "looking for beginning of object key string" : "looking for beginning of value",
            '"' => "after object key:value pair",
            _ => error.Message.Contains("property name", StringComparison.OrdinalIgnoreCase)
                ? "looking for beginning of object key string"
                : "looking for beginning of value",
        };
        return $"invalid character {Quote(utf8, at)} {looking}";
    }

    private static string Quote(ReadOnlySpan<byte> utf8, int at)
    {
        Rune.DecodeFromUtf8(utf8[at..], out var rune, out _);
        return rune.Value switch
        {
            '\'' => "'\\''",
            '"' => "'\"'",
            '\n' => "'\\n'",
            < 32 => string.Create(CultureInfo.InvariantCulture, $"'\\x{rune.Value:x2}'"),
            _ => $"'{rune}'",
        };
    }
}
