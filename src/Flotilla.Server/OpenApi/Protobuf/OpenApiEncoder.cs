using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Http;

namespace Flotilla.Server.OpenApi.Protobuf;

/// <summary>
/// Writes an OpenAPI document as protobuf, from its JSON and a table of messages. Members that the table does not know
/// have no place in the format and are left out, as upstream's reader leaves them out.
/// </summary>
internal static class OpenApiEncoder
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;
    private const int Name = 1;
    private const int Value = 2;

    /// <summary>In gnostic's <c>Any</c>: the value as YAML.</summary>
    private const int YamlText = 2;

    public static byte[] Encode(JsonNode? value, OpenApiMessage type)
    {
        using var output = new MemoryStream();
        if (type.Choose is { } choose)
        {
            var (number, chosen) = choose(value);
            if (number > 0)
            {
                WriteField(output, new MessageField(number, chosen is not null ? FieldForm.Message : FormOf(value), value is JsonArray, () => chosen), value);
            }
        }
        else if (value is JsonObject members)
        {
            WriteMembers(output, members, type);
        }

        return output.ToArray();
    }

    private static void WriteMembers(MemoryStream output, JsonObject members, OpenApiMessage type)
    {
        foreach (var (name, value) in members)
        {
            if (type.Fields.TryGetValue(name, out var field))
            {
                WriteField(output, field, value);
            }
            else if (name.StartsWith("x-", StringComparison.Ordinal))
            {
                if (type.Extensions > 0)
                {
                    WriteNamed(output, type.Extensions, name, EncodeYaml(value));
                }
            }
            else if (type.Others is { } others)
            {
                WriteNamed(output, others.Number, name, Encode(value, others.Type!()!));
            }
        }
    }

    private static void WriteField(MemoryStream output, MessageField field, JsonNode? value)
    {
        if (field.Repeated && value is JsonArray list)
        {
            foreach (var item in list)
            {
                WriteOne(output, field, item);
            }
        }
        else
        {
            WriteOne(output, field, value);
        }
    }

    private static void WriteOne(MemoryStream output, MessageField field, JsonNode? value)
    {
        switch (field.Form)
        {
            case FieldForm.Text:
                WriteBytes(output, field.Number, Encoding.UTF8.GetBytes(value.AsString() ?? ""));
                break;
            case FieldForm.Flag:
                WriteTag(output, field.Number, Varint);
                output.WriteByte(value?.GetValueKind() == System.Text.Json.JsonValueKind.True ? (byte)1 : (byte)0);
                break;
            case FieldForm.Integer:
                WriteTag(output, field.Number, Varint);
                WriteVarint(output, (ulong)(value.AsInteger() ?? 0));
                break;
            case FieldForm.Double:
                WriteTag(output, field.Number, Fixed64);
                Span<byte> bytes = stackalloc byte[8];
                BinaryPrimitives.WriteDoubleLittleEndian(bytes, double.Parse(value?.ToJsonString() ?? "0", CultureInfo.InvariantCulture));
                output.Write(bytes);
                break;
            case FieldForm.Yaml:
                WriteBytes(output, field.Number, EncodeYaml(value));
                break;
            case FieldForm.Map:
                WriteBytes(output, field.Number, EncodeMap(value as JsonObject ?? [], field));
                break;
            default:
                WriteBytes(output, field.Number, Encode(value, field.Type!()!));
                break;
        }
    }

    private static byte[] EncodeMap(JsonObject members, MessageField field)
    {
        using var output = new MemoryStream();
        foreach (var (name, value) in members)
        {
            WriteNamed(output, field.Entries, name, Encode(value, field.Type!()!));
        }

        return output.ToArray();
    }

    private static byte[] EncodeYaml(JsonNode? value)
    {
        using var output = new MemoryStream();
        WriteBytes(output, YamlText, value is null ? "null\n"u8 : YamlWriter.Write(value));
        return output.ToArray();
    }

    private static void WriteNamed(MemoryStream output, int number, string name, ReadOnlySpan<byte> value)
    {
        using var entry = new MemoryStream();
        WriteBytes(entry, Name, Encoding.UTF8.GetBytes(name));
        WriteBytes(entry, Value, value);
        WriteBytes(output, number, entry.GetBuffer().AsSpan(0, (int)entry.Length));
    }

    private static void WriteBytes(MemoryStream output, int number, ReadOnlySpan<byte> value)
    {
        WriteTag(output, number, Delimited);
        WriteVarint(output, (ulong)value.Length);
        output.Write(value);
    }

    private static void WriteTag(MemoryStream output, int number, int form) => WriteVarint(output, (uint)(number << 3 | form));

    private static void WriteVarint(MemoryStream output, ulong value)
    {
        while (value >= 0x80)
        {
            output.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        output.WriteByte((byte)value);
    }

    private static FieldForm FormOf(JsonNode? value) => value?.GetValueKind() switch
    {
        System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => FieldForm.Flag,
        System.Text.Json.JsonValueKind.Number => FieldForm.Double,
        _ => FieldForm.Text,
    };
}
