using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Http;

/// <summary>A tree as Go prints it, e.g. <c>map[spec:map[replicas:2]]</c>: messages of upstream hold such text.</summary>
internal static class GoText
{
    public static string Of(JsonNode? value) => value switch
    {
        null => "<nil>",
        JsonObject map => $"map[{string.Join(' ', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:{Of(pair.Value)}"))}]",
        JsonArray list => $"[{string.Join(' ', list.Select(Of))}]",
        _ => value.AsString() ?? value.ToJsonString(),
    };
}
