using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Protobuf;

/// <summary>Bodies in the API's protobuf form that cannot be read.</summary>
public sealed class ProtobufException(string message) : Exception(message);

/// <summary>
/// Reads <c>application/vnd.kubernetes.protobuf</c>: an envelope that names apiVersion and kind, around a message that
/// is turned into a JSON tree by the table of field numbers. Unknown fields are skipped.
/// </summary>
public static class ProtobufReader
{
    private const int MaxDepth = 64;

    internal static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <exception cref="ProtobufException">Not the API's protobuf, or a kind it does not have.</exception>
    public static JsonObject Read(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic))
        {
            throw new ProtobufException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        }

        var envelope = new Wire(body[Magic.Length..]);
        var (version, kind) = ("", "");
        ReadOnlySpan<byte> raw = default;
        while (envelope.Next(out var number, out var content, out _))
        {
            if (number == 1)
            {
                (version, kind) = ReadIdentity(content);
            }
            else if (number == 2)
            {
                raw = content;
            }
        }

        var at = version.IndexOf('/', StringComparison.Ordinal);
        var identity = at < 0 ? new ResourceKind("", version, kind) : new ResourceKind(version[..at], version[(at + 1)..], kind);
        var type = SchemaTable.BuiltIn.Find(identity)?.Name
            ?? (kind == "DeleteOptions" ? "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions" : throw new ProtobufException($"no kind \"{kind}\" is registered for version \"{version}\""));
        var value = new JsonObject { ["kind"] = kind, ["apiVersion"] = version };
        ReadMessage(raw, MessageTable.Find(type) ?? throw new ProtobufException($"cannot read a message of type {type}"), value, 0);
        return value;
    }

    private static (string Version, string Kind) ReadIdentity(ReadOnlySpan<byte> content)
    {
        var wire = new Wire(content);
        var (version, kind) = ("", "");
        while (wire.Next(out var number, out var text, out _))
        {
            if (number == 1)
            {
                version = Encoding.UTF8.GetString(text);
            }
            else if (number == 2)
            {
                kind = Encoding.UTF8.GetString(text);
            }
        }

        return (version, kind);
    }

    private static void ReadMessage(ReadOnlySpan<byte> content, MessageType type, JsonObject target, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new ProtobufException($"cannot read a message of type {type.Name}: it is nested too deeply");
        }

        var wire = new Wire(content);
        while (wire.Next(out var number, out var bytes, out var scalar))
        {
            if (type.Find(number) is not { } field)
            {
                continue;
            }

            if (field.IsInline)
            {
                ReadMessage(bytes, field.Message!, target, depth + 1);
            }
            else if (field.IsMap)
            {
                ReadEntry(bytes, field, target, depth);
            }
            else if (field.IsRepeated)
            {
                if (target[field.Name] is not JsonArray list)
                {
                    target[field.Name] = list = [];
                }

                list.Add(ReadValue(field, bytes, scalar, depth));
            }
            else if (!IsZero(field, bytes, scalar))
            {
                target[field.Name] = ReadValue(field, bytes, scalar, depth);
            }
        }
    }

    /// <summary>Encoders write every zero of what is held by value; JSON knows those by their absence.</summary>
    private static bool IsZero(MessageField field, ReadOnlySpan<byte> bytes, ulong scalar) => field.ZeroPlace >= 0
        && (field.Value == MessageValue.IntOrString ? ReadIntOrString(bytes).AsInteger() == 0 : scalar == 0 && bytes.Length == 0);

    private static void ReadEntry(ReadOnlySpan<byte> content, MessageField field, JsonObject target, int depth)
    {
        var wire = new Wire(content);
        var key = "";
        JsonNode? value = field.Value switch { MessageValue.String or MessageValue.Bytes => "", MessageValue.Message => new JsonObject(), _ => null };
        while (wire.Next(out var number, out var bytes, out var scalar))
        {
            if (number == 1)
            {
                key = Encoding.UTF8.GetString(bytes);
            }
            else if (number == 2)
            {
                value = ReadValue(field, bytes, scalar, depth);
            }
        }

        target.Child(field.Name)[key] = value;
    }

    private static JsonNode? ReadValue(MessageField field, ReadOnlySpan<byte> bytes, ulong scalar, int depth)
    {
        switch (field.Value)
        {
            case MessageValue.String:
                return Encoding.UTF8.GetString(bytes);
            case MessageValue.Int32:
                return (long)(int)scalar;
            case MessageValue.Int64:
                return (long)scalar;
            case MessageValue.Boolean:
                return scalar != 0;
            case MessageValue.Bytes:
                return Convert.ToBase64String(bytes);
            case MessageValue.Double:
                return BitConverter.UInt64BitsToDouble(scalar);
            case MessageValue.Quantity:
                return Text(bytes, 1);
            case MessageValue.IntOrString:
                return ReadIntOrString(bytes);
            case MessageValue.Time or MessageValue.MicroTime:
                return ReadTime(bytes, field.Value);
            case MessageValue.Raw:
                return ReadRaw(bytes);
            case MessageValue.Strings:
                return ReadStrings(bytes);
            case MessageValue.SchemaOrArray or MessageValue.SchemaOrBoolean or MessageValue.SchemaOrStrings:
                return ReadSchema(bytes, field, depth);
            default:
                return ReadChild(bytes, field.Message!, depth);
        }
    }

    private static JsonObject ReadChild(ReadOnlySpan<byte> content, MessageType type, int depth)
    {
        var child = new JsonObject();
        ReadMessage(content, type, child, depth + 1);
        return child;
    }

    // A schema, or what may stand in its place: a list of schemas, a yes or no, a list of names.
    private static JsonNode ReadSchema(ReadOnlySpan<byte> content, MessageField field, int depth)
    {
        var wire = new Wire(content);
        JsonNode? value = field.Value == MessageValue.SchemaOrBoolean ? JsonValue.Create(false) : null;
        var schemaNumber = field.Value == MessageValue.SchemaOrBoolean ? 2 : 1;
        var list = new JsonArray();
        while (wire.Next(out var number, out var bytes, out var scalar))
        {
            if (number == schemaNumber)
            {
                value = ReadChild(bytes, field.Message!, depth);
            }
            else if (field.Value == MessageValue.SchemaOrBoolean)
            {
                value = value is JsonObject ? value : JsonValue.Create(scalar != 0);
            }
            else
            {
                list.Add(field.Value == MessageValue.SchemaOrStrings ? JsonValue.Create(Encoding.UTF8.GetString(bytes)) : ReadChild(bytes, field.Message!, depth));
            }
        }

        return value ?? list;
    }

    private static string Text(ReadOnlySpan<byte> content, int wanted)
    {
        var wire = new Wire(content);
        var text = "";
        while (wire.Next(out var number, out var bytes, out _))
        {
            text = number == wanted ? Encoding.UTF8.GetString(bytes) : text;
        }

        return text;
    }

    private static JsonValue ReadIntOrString(ReadOnlySpan<byte> content)
    {
        var wire = new Wire(content);
        var (isText, integer, text) = (false, 0, "");
        while (wire.Next(out var number, out var bytes, out var scalar))
        {
            switch (number)
            {
                case 1:
                    isText = scalar != 0;
                    break;
                case 2:
                    integer = (int)scalar;
                    break;
                case 3:
                    text = Encoding.UTF8.GetString(bytes);
                    break;
            }
        }

        return isText ? JsonValue.Create(text) : JsonValue.Create((long)integer);
    }

    // An empty message is the zero time, which JSON writes as null.
    private static JsonValue? ReadTime(ReadOnlySpan<byte> content, MessageValue kind)
    {
        if (content.IsEmpty)
        {
            return null;
        }

        var wire = new Wire(content);
        var (seconds, nanos) = (0L, 0);
        while (wire.Next(out var number, out _, out var scalar))
        {
            if (number == 1)
            {
                seconds = (long)scalar;
            }
            else if (number == 2)
            {
                nanos = (int)scalar;
            }
        }

        if (seconds < DateTimeOffset.MinValue.ToUnixTimeSeconds() || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            throw new ProtobufException(string.Create(CultureInfo.InvariantCulture, $"time {seconds} is out of range"));
        }

        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100);
        return JsonValue.Create(kind == MessageValue.Time ? Times.Seconds(time) : Times.Micro(time));
    }

    private static JsonNode? ReadRaw(ReadOnlySpan<byte> content)
    {
        var wire = new Wire(content);
        JsonNode? value = null;
        while (wire.Next(out var number, out var bytes, out _))
        {
            if (number == 1 && bytes.Length > 0)
            {
                try
                {
                    value = GoJson.Parse(bytes);
                }
                catch (GoJsonException error)
                {
                    throw new ProtobufException(error.Message);
                }
            }
        }

        return value;
    }

    private static JsonArray ReadStrings(ReadOnlySpan<byte> content)
    {
        var wire = new Wire(content);
        var list = new JsonArray();
        while (wire.Next(out _, out var bytes, out _))
        {
            list.Add(Encoding.UTF8.GetString(bytes));
        }

        return list;
    }

    /// <summary>The wire format: tags, varints, fixed and length-delimited values.</summary>
    private ref struct Wire(ReadOnlySpan<byte> content)
    {
        private ReadOnlySpan<byte> rest = content;

        public bool Next(out int number, out ReadOnlySpan<byte> bytes, out ulong scalar)
        {
            (number, scalar) = (0, 0);
            bytes = default;
            if (rest.IsEmpty)
            {
                return false;
            }

            var tag = Varint();
            number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    scalar = Varint();
                    break;
                case 1:
                    scalar = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                    break;
                case 2:
                    var length = Varint();
                    bytes = Take(length > int.MaxValue ? int.MaxValue : (int)length);
                    break;
                case 5:
                    scalar = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                    break;
                default:
                    throw new ProtobufException("proto: illegal wireType " + (tag & 7).ToString(CultureInfo.InvariantCulture));
            }

            return true;
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            if (length > rest.Length)
            {
                throw new ProtobufException("unexpected EOF");
            }

            var taken = rest[..length];
            rest = rest[length..];
            return taken;
        }

        private ulong Varint()
        {
            var value = 0UL;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var next = Take(1)[0];
                value |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }

            throw new ProtobufException("proto: integer overflow");
        }
    }
}
