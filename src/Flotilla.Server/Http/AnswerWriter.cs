using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Flotilla.Server.Http;

/// <summary>Puts an answer on the wire: in the format the client accepts, indented for people, compressed when it is long.</summary>
internal static class AnswerWriter
{
    /// <summary>Shorter bodies cost more to compress than to send.</summary>
    private const int CompressBytes = 128 * 1024;

    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteAsync(HttpContext context, ApiAnswer answer, CancellationToken cancellationToken)
    {
        if (SocketWriter.Wants(context, answer))
        {
            await SocketWriter.WriteAsync(context, answer, cancellationToken);
            return;
        }

        if (answer.IsNegotiable)
        {
            answer = Negotiated(answer, context.Request.Headers.Accept.ToString());
        }

        if (!answer.IsWatch && answer.ContentType == "application/json" && IsForPeople(context.Request))
        {
            answer = await IndentedAsync(answer, cancellationToken);
        }

        var response = context.Response;
        if (answer.Code == 200 && IsKnown(context.Request, answer))
        {
            response.StatusCode = 304;
            return;
        }

        response.StatusCode = answer.Code;
        response.ContentType = answer.ContentType;
        if (!answer.IsWatch && Math.Max(answer.Size, answer.Body.Length) >= CompressBytes && Accepts(context.Request, "gzip"))
        {
            await WriteCompressedAsync(response, answer, cancellationToken);
        }
        else if (answer.Stream is { } stream)
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await stream(response.BodyWriter, cancellationToken);
        }
        else
        {
            response.ContentLength = answer.Body.Length;
            await response.BodyWriter.WriteAsync(answer.Body, cancellationToken);
        }
    }

    private static ApiAnswer Negotiated(ApiAnswer answer, string accept)
    {
        if (accept.Length == 0 || accept == "application/json" || Representation.TryNegotiate(accept) is not { Format: not MediaFormat.Json } wanted
            || GoJson.Parse(answer.Body.Span) is not { } value)
        {
            return answer;
        }

        var body = wanted.Encode(value);
        var isJson = body.AsSpan().StartsWith("{"u8);
        return new ApiAnswer { Code = answer.Code, ContentType = isJson ? answer.ContentType : wanted.ContentType, Body = body, Warnings = answer.Warnings };
    }

    private static async Task WriteCompressedAsync(HttpResponse response, ApiAnswer answer, CancellationToken cancellationToken)
    {
        response.Headers.ContentEncoding = "gzip";
        response.Headers.Append("Vary", "Accept-Encoding");
        await using var compressed = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
        if (answer.Stream is not { } stream)
        {
            await compressed.WriteAsync(answer.Body, cancellationToken);
            return;
        }

        var writer = PipeWriter.Create(compressed, new StreamPipeWriterOptions(leaveOpen: true));
        await stream(writer, cancellationToken);
        await writer.CompleteAsync();
    }

    private static async Task<ApiAnswer> IndentedAsync(ApiAnswer answer, CancellationToken cancellationToken)
    {
        var bytes = await answer.ReadAsync(cancellationToken);
        if (JsonNode.Parse(bytes) is not { } value)
        {
            return answer;
        }

        var buffer = new ArrayBufferWriter<byte>(bytes.Length * 2);
        await using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            value.WriteTo(writer);
        }

        return new ApiAnswer { Code = answer.Code, Body = buffer.WrittenMemory, Warnings = answer.Warnings };
    }

    // A parameter says so, else the kind of program: what people read with gets line breaks.
    private static bool IsForPeople(HttpRequest request)
    {
        if (request.QueryString.HasValue && request.Query["pretty"].ToString() is { Length: > 0 } pretty)
        {
            return pretty is "1" or "t" or "T" or "true" or "TRUE" or "True";
        }

        var agent = request.Headers.UserAgent.ToString();
        return agent.StartsWith("curl", StringComparison.Ordinal) || agent.StartsWith("Wget", StringComparison.Ordinal) || agent.StartsWith("Mozilla/5.0", StringComparison.Ordinal);
    }

    /// <summary>The client holds this very content already.</summary>
    private static bool IsKnown(HttpRequest request, ApiAnswer answer) =>
        answer.Headers?.GetValueOrDefault("ETag") is { } tag && request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Any(known => known == "*" || known == tag || known == $"W/{tag}");

    private static bool Accepts(HttpRequest request, string encoding) =>
        request.Headers.AcceptEncoding.ToString().Split(',').Any(part => part.Split(';')[0].Trim() == encoding);
}
