using static Flotilla.Server.OpenApi.Protobuf.FieldForm;

namespace Flotilla.Server.OpenApi.Protobuf;

/// <summary>The messages of gnostic's <c>openapi.v3</c> that a description of this API uses, with their field numbers.</summary>
internal static class OpenApiV3Messages
{
    private static readonly OpenApiMessage Plain = new(new Dictionary<string, MessageField>(StringComparer.Ordinal));

    public static OpenApiMessage Document { get; } = Of(9, new()
    {
        ["openapi"] = new(1, Text), ["info"] = new(2, Message, Type: () => Info), ["paths"] = new(4, Message, Type: () => Paths), ["components"] = new(5, Message, Type: () => Components),
    });

    private static OpenApiMessage Info { get; } = Of(7, new()
    {
        ["title"] = new(1, Text), ["description"] = new(2, Text), ["termsOfService"] = new(3, Text), ["version"] = new(6, Text), ["summary"] = new(8, Text),
    });

    private static OpenApiMessage Paths { get; } = Plain with { Extensions = 2, Others = new(1, Message, Type: () => PathItem) };

    private static OpenApiMessage PathItem { get; } = Of(14, new()
    {
        ["$ref"] = new(1, Text), ["summary"] = new(2, Text), ["description"] = new(3, Text), ["get"] = Operation(4), ["put"] = Operation(5), ["post"] = Operation(6),
        ["delete"] = Operation(7), ["options"] = Operation(8), ["head"] = Operation(9), ["patch"] = Operation(10), ["parameters"] = new(13, Message, true, () => Parameter),
    });

    private static OpenApiMessage OperationMessage { get; } = Of(13, new()
    {
        ["tags"] = new(1, Text, true), ["summary"] = new(2, Text), ["description"] = new(3, Text), ["operationId"] = new(5, Text), ["parameters"] = new(6, Message, true, () => Parameter),
        ["requestBody"] = new(7, Message, Type: () => RequestBody), ["responses"] = new(8, Message, Type: () => Responses), ["deprecated"] = new(10, Flag),
    });

    private static OpenApiMessage Parameter { get; } = OrReference(() => GivenParameter);

    private static OpenApiMessage GivenParameter { get; } = Of(14, new()
    {
        ["name"] = new(1, Text), ["in"] = new(2, Text), ["description"] = new(3, Text), ["required"] = new(4, Flag), ["deprecated"] = new(5, Flag),
        ["allowEmptyValue"] = new(6, Flag), ["style"] = new(7, Text), ["schema"] = new(10, Message, Type: () => Schema),
    });

    private static OpenApiMessage RequestBody { get; } = OrReference(() => GivenBody);

    private static OpenApiMessage GivenBody { get; } = Of(4, new() { ["description"] = new(1, Text), ["content"] = new(2, Map, Type: () => MediaType), ["required"] = new(3, Flag) });

    private static OpenApiMessage Responses { get; } = Plain with { Extensions = 3, Others = new(2, Message, Type: () => Response) };

    private static OpenApiMessage Response { get; } = OrReference(() => GivenResponse);

    private static OpenApiMessage GivenResponse { get; } = Of(5, new() { ["description"] = new(1, Text), ["content"] = new(3, Map, Type: () => MediaType) });

    private static OpenApiMessage MediaType { get; } = Of(5, new() { ["schema"] = new(1, Message, Type: () => Schema), ["example"] = new(2, Yaml) });

    private static OpenApiMessage Components { get; } = Of(10, new() { ["schemas"] = new(1, Map, Type: () => Schema) });

    private static OpenApiMessage Reference { get; } = Of(0, new() { ["$ref"] = new(1, Text), ["summary"] = new(2, Text), ["description"] = new(3, Text) });

    /// <summary>A schema, or a reference to one.</summary>
    private static OpenApiMessage Schema { get; } = OrReference(() => GivenSchema);

    private static OpenApiMessage GivenSchema { get; } = Of(36, new()
    {
        ["nullable"] = new(1, Flag), ["readOnly"] = new(3, Flag), ["writeOnly"] = new(4, Flag), ["example"] = new(7, Yaml), ["deprecated"] = new(8, Flag), ["title"] = new(9, Text),
        ["multipleOf"] = new(10, FieldForm.Double), ["maximum"] = new(11, FieldForm.Double), ["exclusiveMaximum"] = new(12, Flag), ["minimum"] = new(13, FieldForm.Double), ["exclusiveMinimum"] = new(14, Flag),
        ["maxLength"] = new(15, Integer), ["minLength"] = new(16, Integer), ["pattern"] = new(17, Text), ["maxItems"] = new(18, Integer), ["minItems"] = new(19, Integer), ["uniqueItems"] = new(20, Flag),
        ["maxProperties"] = new(21, Integer), ["minProperties"] = new(22, Integer), ["required"] = new(23, Text, true), ["enum"] = new(24, Yaml, true), ["type"] = new(25, Text),
        ["allOf"] = new(26, Message, true, () => Schema), ["oneOf"] = new(27, Message, true, () => Schema), ["anyOf"] = new(28, Message, true, () => Schema), ["not"] = new(29, Message, Type: () => GivenSchema),
        ["items"] = new(30, Message, Type: () => Items), ["properties"] = new(31, Map, Type: () => Schema), ["additionalProperties"] = new(32, Message, Type: () => Additional),
        ["default"] = new(33, Message, Type: () => Default), ["description"] = new(34, Text), ["format"] = new(35, Text),
    });

    private static OpenApiMessage Items { get; } = Plain with { Choose = _ => (1, Schema) };

    private static OpenApiMessage Additional { get; } = Plain with { Choose = value => value is System.Text.Json.Nodes.JsonObject ? (1, Schema) : (2, null) };

    // Numbers, flags and texts; other defaults have no place in the format.
    private static OpenApiMessage Default { get; } = Plain with
    {
        Choose = value => value?.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.Number => (1, null),
            System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => (2, null),
            System.Text.Json.JsonValueKind.String => (3, null),
            _ => (0, null),
        },
    };

    private static MessageField Operation(int number) => new(number, Message, Type: () => OperationMessage);

    private static OpenApiMessage OrReference(Func<OpenApiMessage?> given) => Plain with { Choose = value => value?["$ref"] is null ? (1, given()) : (2, Reference) };

    private static OpenApiMessage Of(int extensions, Dictionary<string, MessageField> fields) => new(new Dictionary<string, MessageField>(fields, StringComparer.Ordinal)) { Extensions = extensions };
}
