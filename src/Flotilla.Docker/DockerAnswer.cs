using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Flotilla.Docker;

/// <summary>What goes back: a status and a JSON value, nothing, or a stream that a function writes.</summary>
public sealed record DockerAnswer(int Code, JsonNode? Body, Func<HttpResponse, CancellationToken, Task>? WriteAsync = null)
{
    /// <summary>Exactly this: the CLI compares the text, and prints raw JSON for anything else.</summary>
    public const string JsonType = "application/json";

    public static DockerAnswer Ok() => new(StatusCodes.Status200OK, null);

    public static DockerAnswer NoContent() => new(StatusCodes.Status204NoContent, null);

    public static DockerAnswer Json(JsonNode body, int code = StatusCodes.Status200OK) => new(code, body);

    public static DockerAnswer Stream(Func<HttpResponse, CancellationToken, Task> writeAsync) => new(StatusCodes.Status200OK, null, writeAsync);

    /// <summary>The connection itself, both ways, where the client asked for it; else only what is written goes back.</summary>
    public static DockerAnswer Connection(string contentType, Func<Stream, CancellationToken, Task> serveAsync) => Stream(async (response, token) =>
    {
        response.ContentType = contentType;
        if (response.HttpContext.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            response.Headers.Upgrade = "tcp";
            await serveAsync(await upgrade.UpgradeAsync(), token);
            return;
        }

        await response.Body.FlushAsync(token);
        await serveAsync(new DuplexStream(System.IO.Stream.Null, response.Body), token);
    });

    public static DockerAnswer Error(int code, string message) => new(code, new JsonObject { ["message"] = message });

    public async Task SendAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        response.StatusCode = Code;
        if (WriteAsync is not null)
        {
            await WriteAsync(response, cancellationToken);
        }
        else if (Body is not null)
        {
            response.ContentType = JsonType;
            var bytes = WireJson.Bytes(Body);
            response.ContentLength = bytes.Length + 1;
            await response.Body.WriteAsync(bytes, cancellationToken);
            await response.Body.WriteAsync(NewLine, cancellationToken);
        }
        else if (Code != StatusCodes.Status204NoContent)
        {
            response.ContentLength = 0;
        }
    }

    private static readonly byte[] NewLine = "\n"u8.ToArray();
}
