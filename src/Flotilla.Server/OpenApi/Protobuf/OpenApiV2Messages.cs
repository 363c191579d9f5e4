using System.Text.Json.Nodes;
using static Flotilla.Server.OpenApi.Protobuf.FieldForm;

namespace Flotilla.Server.OpenApi.Protobuf;

/// <summary>The messages of gnostic's <c>openapi.v2</c> that a description of this API uses, with their field numbers.</summary>
internal static class OpenApiV2Messages
{
    private static readonly OpenApiMessage Plain = new(new Dictionary<string, MessageField>(StringComparer.Ordinal));

    public static OpenApiMessage Document { get; } = Of(16, new()
    {
        ["swagger"] = new(1, Text), ["info"] = new(2, Message, Type: () => Info), ["host"] = new(3, Text), ["basePath"] = new(4, Text),
        ["schemes"] = new(5, Text, true), ["consumes"] = new(6, Text, true), ["produces"] = new(7, Text, true),
        ["paths"] = new(8, Message, Type: () => Paths), ["definitions"] = new(9, Map, Type: () => Schema),
    });

    private static OpenApiMessage Info { get; } = Of(7, new()
    {
        ["title"] = new(1, Text), ["version"] = new(2, Text), ["description"] = new(3, Text), ["termsOfService"] = new(4, Text),
    });

    private static OpenApiMessage Paths { get; } = Plain with { Extensions = 1, Others = new(2, Message, Type: () => PathItem) };

    private static OpenApiMessage PathItem { get; } = Of(10, new()
    {
        ["$ref"] = new(1, Text), ["get"] = Operation(2), ["put"] = Operation(3), ["post"] = Operation(4), ["delete"] = Operation(5),
        ["options"] = Operation(6), ["head"] = Operation(7), ["patch"] = Operation(8), ["parameters"] = new(9, Message, true, () => Parameter),
    });

    private static OpenApiMessage OperationMessage { get; } = Of(13, new()
    {
        ["tags"] = new(1, Text, true), ["summary"] = new(2, Text), ["description"] = new(3, Text), ["operationId"] = new(5, Text),
        ["produces"] = new(6, Text, true), ["consumes"] = new(7, Text, true), ["parameters"] = new(8, Message, true, () => Parameter),
        ["responses"] = new(9, Message, Type: () => Responses), ["schemes"] = new(10, Text, true), ["deprecated"] = new(11, Flag),
    });

    /// <summary>A parameter or a reference to one; the body's own kind apart from all others.</summary>
    private static OpenApiMessage Parameter { get; } = Plain with
    {
        Choose = value => value?["$ref"] is null ? (1, Given) : (2, Reference),
    };

    private static OpenApiMessage Given { get; } = Plain with
    {
        Choose = value => (string?)value?["in"] == "body" ? (1, BodyParameter) : (2, ElsewhereParameter),
    };

    private static OpenApiMessage ElsewhereParameter { get; } = Plain with
    {
        Choose = value => (string?)value?["in"] switch { "header" => (1, PathOrHeader), "formData" => (2, QueryOrForm), "path" => (4, PathOrHeader), _ => (3, QueryOrForm) },
    };

    private static OpenApiMessage BodyParameter { get; } = Of(6, new()
    {
        ["description"] = new(1, Text), ["name"] = new(2, Text), ["in"] = new(3, Text), ["required"] = new(4, Flag), ["schema"] = new(5, Message, Type: () => Schema),
    });

    private static OpenApiMessage PathOrHeader { get; } = Of(22, new()
    {
        ["required"] = new(1, Flag), ["in"] = new(2, Text), ["description"] = new(3, Text), ["name"] = new(4, Text), ["type"] = new(5, Text), ["format"] = new(6, Text),
        ["default"] = new(9, Yaml), ["pattern"] = new(16, Text), ["uniqueItems"] = new(19, Flag), ["enum"] = new(20, Yaml, true),
    });

    private static OpenApiMessage QueryOrForm { get; } = Of(23, new()
    {
        ["required"] = new(1, Flag), ["in"] = new(2, Text), ["description"] = new(3, Text), ["name"] = new(4, Text), ["allowEmptyValue"] = new(5, Flag),
        ["type"] = new(6, Text), ["format"] = new(7, Text), ["default"] = new(10, Yaml), ["pattern"] = new(17, Text), ["uniqueItems"] = new(20, Flag), ["enum"] = new(21, Yaml, true),
    });

    private static OpenApiMessage Responses { get; } = Plain with { Extensions = 2, Others = new(1, Message, Type: () => Response) };

    private static OpenApiMessage Response { get; } = Plain with
    {
        Choose = value => value?["$ref"] is null ? (1, GivenResponse) : (2, Reference),
    };

    private static OpenApiMessage GivenResponse { get; } = Of(5, new() { ["description"] = new(1, Text), ["schema"] = new(2, Message, Type: () => ResponseSchema) });

    private static OpenApiMessage ResponseSchema { get; } = Plain with { Choose = _ => (1, Schema) };

    private static OpenApiMessage Reference { get; } = Of(0, new() { ["$ref"] = new(1, Text), ["description"] = new(2, Text) });

    public static OpenApiMessage Schema { get; } = Of(31, new()
    {
        ["$ref"] = new(1, Text), ["format"] = new(2, Text), ["title"] = new(3, Text), ["description"] = new(4, Text), ["default"] = new(5, Yaml),
        ["multipleOf"] = new(6, FieldForm.Double), ["maximum"] = new(7, FieldForm.Double), ["exclusiveMaximum"] = new(8, Flag), ["minimum"] = new(9, FieldForm.Double), ["exclusiveMinimum"] = new(10, Flag),
        ["maxLength"] = new(11, Integer), ["minLength"] = new(12, Integer), ["pattern"] = new(13, Text), ["maxItems"] = new(14, Integer), ["minItems"] = new(15, Integer),
        ["uniqueItems"] = new(16, Flag), ["maxProperties"] = new(17, Integer), ["minProperties"] = new(18, Integer), ["required"] = new(19, Text, true), ["enum"] = new(20, Yaml, true),
        ["additionalProperties"] = new(21, Message, Type: () => Additional), ["type"] = new(22, Message, Type: () => TypeNames), ["items"] = new(23, Message, Type: () => Items),
        ["allOf"] = new(24, Message, true, () => Schema), ["properties"] = new(25, Map, Type: () => Schema), ["discriminator"] = new(26, Text), ["readOnly"] = new(27, Flag), ["example"] = new(30, Yaml),
    });

    private static OpenApiMessage Additional { get; } = Plain with { Choose = value => value is JsonObject ? (1, Schema) : (2, null) };

    private static OpenApiMessage Items { get; } = Plain with { Choose = _ => (1, Schema) };

    private static OpenApiMessage TypeNames { get; } = Plain with { Choose = _ => (1, null) };

    private static MessageField Operation(int number) => new(number, Message, Type: () => OperationMessage);

    private static OpenApiMessage Of(int extensions, Dictionary<string, MessageField> fields) => new(new Dictionary<string, MessageField>(fields, StringComparer.Ordinal)) { Extensions = extensions };
}
