namespace Flotilla.Api.Protobuf;

public enum MessageValue
{
    String,
    Int32,
    Int64,
    Boolean,
    Bytes,
    Double,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    Raw,
    Strings,
    SchemaOrArray,
    SchemaOrBoolean,
    SchemaOrStrings,
    Message,
}

/// <summary>One field of a message. <see cref="Name"/> is its JSON name; an inline field's own fields stand in the parent.</summary>
/// <param name="Message">What the value is made of, for messages and schemas.</param>
public sealed record MessageField(int Number, string Name, MessageValue Value, MessageType? Message, bool IsRepeated, bool IsMap, bool IsInline)
{
    /// <summary>Its place in <see cref="MessageType.Zeros"/>; -1: it is held by reference, or a list or map.</summary>
    internal int ZeroPlace { get; init; } = -1;
}

/// <summary>A message of the API: its fields by number and by the name they have in JSON. Complete once the table is read.</summary>
public sealed class MessageType(string name)
{
    private readonly Dictionary<int, MessageField> byNumber = [];
    private readonly Dictionary<string, MessageField> byName = new(StringComparer.Ordinal);
    private readonly List<MessageField> inlined = [];
    private readonly List<MessageField> zeros = [];

    /// <summary>As in the schema table, e.g. <c>core.v1.Pod</c>.</summary>
    public string Name { get; } = name;

    /// <summary>Fields that are messages here while their fields stand in the parent in JSON.</summary>
    public IReadOnlyList<MessageField> Inlined => inlined;

    /// <summary>What upstream holds by value, and so writes even when it is zero; at most 64.</summary>
    internal IReadOnlyList<MessageField> Zeros => zeros;

    public MessageField? Find(int number) => byNumber.GetValueOrDefault(number);

    /// <summary>A field by its JSON name; fields of inlined messages are not among them.</summary>
    public MessageField? Find(ReadOnlySpan<char> name) =>
        byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var field) ? field : null;

    internal void Add(MessageField field)
    {
        if (ValueFields.Holds(Name, field))
        {
            field = field with { ZeroPlace = zeros.Count };
            zeros.Add(field);
        }

        byNumber.Add(field.Number, field);
        if (field.IsInline)
        {
            inlined.Add(field);
        }
        else
        {
            byName.Add(field.Name, field);
        }
    }
}
