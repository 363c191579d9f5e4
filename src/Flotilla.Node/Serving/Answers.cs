using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Node.Serving;

/// <summary>The forms in which the node's server answers.</summary>
internal static class Answers
{
    /// <summary>Version 0.0.4 of the text form that Prometheus reads.</summary>
    public const string MetricsType = "text/plain; version=0.0.4; charset=utf-8";

    public static Task TextAsync(HttpContext context, string text, int code = StatusCodes.Status200OK, string type = "text/plain; charset=utf-8") =>
        BytesAsync(context, Encoding.UTF8.GetBytes(text), type, code);

    public static Task JsonAsync(HttpContext context, JsonNode value) => BytesAsync(context, Encoding.UTF8.GetBytes(value.ToJsonString()), "application/json");

    public static async Task BytesAsync(HttpContext context, ReadOnlyMemory<byte> bytes, string type, int code = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        }
    }
}
