namespace Flotilla.Server.OpenApi.Protobuf;

/// <summary>How a JSON value stands in a field of a message.</summary>
internal enum FieldForm
{
    Text,
    Flag,
    Integer,
    Double,

    /// <summary>Any value, as YAML text.</summary>
    Yaml,

    Message,

    /// <summary>An object whose members become messages of name and value, in a message of their own.</summary>
    Map,
}

/// <summary>One field: its number, the form of its value, and whether a JSON array repeats it.</summary>
internal sealed record MessageField(int Number, FieldForm Form, bool Repeated = false, Func<OpenApiMessage?>? Type = null, int Entries = 1);

/// <summary>
/// One message of gnostic's <c>openapi.v2</c>: fields by their JSON name, the field that takes <c>x-</c> members, and,
/// where the format has a choice, which field of the wrapping message the value goes into.
/// </summary>
internal sealed record OpenApiMessage(IReadOnlyDictionary<string, MessageField> Fields)
{
    /// <summary>0: such members have no place here.</summary>
    public int Extensions { get; init; }

    /// <summary>Takes members that no other field takes, as named messages of this type.</summary>
    public MessageField? Others { get; init; }

    /// <summary>The value is wrapped: this tells in what field of what message; field 0: it is left out.</summary>
    public Func<System.Text.Json.Nodes.JsonNode?, (int Number, OpenApiMessage? Type)>? Choose { get; init; }
}
