using System.Text.Json;

namespace Flotilla.Api.Protobuf;

/// <summary>
/// Turns the JSON text of one object into its message, token by token, without a tree. What upstream holds by
/// value is written even where JSON leaves it out, as upstream's encoders do. Names the message does not have are
/// skipped.
/// </summary>
internal ref struct MessageEncoder(ReadOnlySpan<byte> json, MessageBuffer output)
{
    private const int ResourceVersion = 6;
    private const int LongestName = 64;

    private readonly ReadOnlySpan<byte> json = json;
    private Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 512 });

    /// <param name="version">What metadata.resourceVersion is to be; empty: as in the text.</param>
    public void Encode(MessageType type, scoped ReadOnlySpan<byte> version)
    {
        reader.Read();
        var (seen, first) = (0UL, output.Fields);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = Begin(type);
            reader.Read();
            seen |= SeenAt(field);
            if (field is { Name: "metadata", Message: { } metadata } && version.Length > 0)
            {
                var at = output.Open(field.Number);
                Fields(metadata, version);
                output.Close(at);
            }
            else
            {
                Value(field);
            }
        }

        Zeros(type, seen);
        output.Order(first);
    }

    // The reader stands on the object's first brace, and afterwards on its last.
    private void Fields(MessageType type, scoped ReadOnlySpan<byte> version = default)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        var start = reader;
        var (seen, first) = (0UL, output.Fields);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = Begin(type);
            reader.Read();
            seen |= SeenAt(field);
            Value(field);
        }

        if (version.Length > 0)
        {
            seen |= PlaceOf(type.Find(ResourceVersion));
            output.Begin(ResourceVersion);
            output.Bytes(ResourceVersion, version);
        }

        Zeros(type, seen);
        foreach (var inlined in type.Inlined)
        {
            var end = reader;
            reader = start;
            output.Begin(inlined.Number);
            Nested(inlined.Number, inlined.Message!);
            reader = end;
        }

        output.Order(first);
    }

    private readonly void Zeros(MessageType type, ulong seen)
    {
        foreach (var field in type.Zeros)
        {
            if ((seen & PlaceOf(field)) == 0)
            {
                output.Begin(field.Number);
                Zero(field);
            }
        }
    }

    private readonly void Zero(MessageField field)
    {
        switch (field.Value)
        {
            case MessageValue.Int32 or MessageValue.Int64 or MessageValue.Boolean:
                output.Integer(field.Number, 0);
                return;
            case MessageValue.String or MessageValue.Time or MessageValue.MicroTime or MessageValue.Raw:
                output.Bytes(field.Number, default);
                return;
        }

        var (at, first) = (output.Open(field.Number), output.Fields);
        switch (field.Value)
        {
            case MessageValue.Quantity:
                output.Bytes(1, "0"u8);
                break;
            case MessageValue.IntOrString:
                output.Integer(1, 0);
                output.Integer(2, 0);
                output.Bytes(3, default);
                break;
            default:
                Empty(field.Message!);
                break;
        }

        output.Order(first);
        output.Close(at);
    }

    private readonly void Empty(MessageType type)
    {
        Zeros(type, 0);
        foreach (var inlined in type.Inlined)
        {
            output.Begin(inlined.Number);
            var at = output.Open(inlined.Number);
            var first = output.Fields;
            Empty(inlined.Message!);
            output.Order(first);
            output.Close(at);
        }
    }

    // Null is absent.
    private readonly ulong SeenAt(MessageField? field) => reader.TokenType == JsonTokenType.Null ? 0 : PlaceOf(field);

    private static ulong PlaceOf(MessageField? field) => field is { ZeroPlace: >= 0 and var place } ? 1UL << place : 0;

    private readonly MessageField? Field(MessageType type)
    {
        if (reader.ValueSpan.Length > LongestName)
        {
            return null;
        }

        Span<char> name = stackalloc char[LongestName];
        return type.Find(name[..reader.CopyString(name)]);
    }

    private readonly MessageField? Begin(MessageType type)
    {
        var field = Field(type);
        if (field is not null)
        {
            output.Begin(field.Number);
        }

        return field;
    }

    private void Value(MessageField? field)
    {
        if (field is null || reader.TokenType == JsonTokenType.Null)
        {
            reader.Skip();
        }
        else if (field.IsMap)
        {
            Map(field);
        }
        else if (field.IsRepeated)
        {
            List(field);
        }
        else
        {
            One(field, field.Number);
        }
    }

    private void List(MessageField field)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.Null)
            {
                output.Bytes(field.Number, default);
            }
            else
            {
                One(field, field.Number);
            }
        }
    }

    // Entries go out in the order of their keys, whatever the order in the text.
    private void Map(MessageField field)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        var start = output.Length;
        List<(string Key, Range Place)>? entries = null;
        var (last, sorted) = ("", true);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var from = output.Length;
            var entry = output.Open(field.Number);
            var key = reader.GetString()!;
            Text(1);
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                output.Bytes(2, default);
            }
            else
            {
                One(field, 2);
            }

            output.Close(entry);
            (entries ??= []).Add((key, from..output.Length));
            sorted &= string.CompareOrdinal(last, key) <= 0;
            last = key;
        }

        if (!sorted)
        {
            entries!.Sort(static (left, right) => string.CompareOrdinal(left.Key, right.Key));
            output.Reorder(start, [.. entries.Select(entry => entry.Place)]);
        }
    }

    private void One(MessageField field, int number)
    {
        switch (field.Value)
        {
            case MessageValue.String when reader.TokenType == JsonTokenType.String:
                Text(number);
                break;
            case MessageValue.Int32 or MessageValue.Int64 when reader.TokenType == JsonTokenType.Number:
                output.Integer(number, reader.TryGetInt64(out var integer) ? integer : (long)reader.GetDouble());
                break;
            case MessageValue.Boolean when reader.TokenType is JsonTokenType.True or JsonTokenType.False:
                output.Integer(number, reader.TokenType == JsonTokenType.True ? 1 : 0);
                break;
            case MessageValue.Double when reader.TokenType == JsonTokenType.Number:
                output.Double(number, reader.GetDouble());
                break;
            case MessageValue.Bytes when reader.TokenType == JsonTokenType.String:
                output.Bytes(number, reader.TryGetBytesFromBase64(out var bytes) ? bytes : default);
                break;
            case MessageValue.Quantity:
                Quantity(number);
                break;
            case MessageValue.IntOrString:
                IntOrString(number);
                break;
            case MessageValue.Time or MessageValue.MicroTime when reader.TokenType == JsonTokenType.String:
                Time(number, field.Value);
                break;
            case MessageValue.Raw:
                Raw(number);
                break;
            case MessageValue.Strings:
                Strings(number);
                break;
            case MessageValue.SchemaOrArray or MessageValue.SchemaOrBoolean or MessageValue.SchemaOrStrings:
                Schema(field, number);
                break;
            case MessageValue.Message:
                Nested(number, field.Message!);
                break;
            default:
                reader.Skip();
                break;
        }
    }

    private void Nested(int number, MessageType type)
    {
        var at = output.Open(number);
        Fields(type);
        output.Close(at);
    }

    private readonly void Text(int number)
    {
        if (!reader.ValueIsEscaped)
        {
            output.Bytes(number, reader.ValueSpan);
            return;
        }

        var at = output.Open(number);
        output.Advance(reader.CopyString(output.Room(reader.ValueSpan.Length)));
        output.Close(at);
    }

    private readonly void Quantity(int number)
    {
        var at = output.Open(number);
        output.Bytes(1, reader.ValueSpan);
        output.Close(at);
    }

    private readonly void IntOrString(int number)
    {
        var isText = reader.TokenType == JsonTokenType.String;
        var at = output.Open(number);
        output.Integer(1, isText ? 1 : 0);
        output.Integer(2, !isText && reader.TryGetInt64(out var integer) ? integer : 0);
        if (isText)
        {
            Text(3);
        }
        else
        {
            output.Bytes(3, default);
        }

        output.Close(at);
    }

    private readonly void Time(int number, MessageValue kind)
    {
        if (!reader.TryGetDateTimeOffset(out var time))
        {
            return;
        }

        var at = output.Open(number);
        output.Integer(1, time.ToUnixTimeSeconds());
        output.Integer(2, kind == MessageValue.MicroTime ? time.Ticks % TimeSpan.TicksPerSecond * 100 : 0);
        output.Close(at);
    }

    private void Raw(int number)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        var at = output.Open(number);
        output.Bytes(1, json[start..(int)reader.BytesConsumed]);
        output.Close(at);
    }

    private void Strings(int number)
    {
        var at = output.Open(number);
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                Text(1);
            }
        }
        else
        {
            reader.Skip();
        }

        output.Close(at);
    }

    // Where JSON has a schema or something simpler in its place, the message has a field for each.
    private void Schema(MessageField field, int number)
    {
        var at = output.Open(number);
        var isObject = reader.TokenType == JsonTokenType.StartObject;
        if (field.Value == MessageValue.SchemaOrBoolean)
        {
            output.Integer(1, isObject || reader.TokenType == JsonTokenType.True ? 1 : 0);
        }

        if (isObject)
        {
            Nested(field.Value == MessageValue.SchemaOrBoolean ? 2 : 1, field.Message!);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (field.Value == MessageValue.SchemaOrStrings)
                {
                    Text(2);
                }
                else
                {
                    Nested(2, field.Message!);
                }
            }
        }

        output.Close(at);
    }
}
