using System.Text.Json.Nodes;
using Flotilla.Docker;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Engine.Images;

/// <summary>How pull, push, load and build tell what they do: a JSON object a line. One caller at a time.</summary>
internal sealed class ProgressLines
{
    private static readonly byte[] LineEnd = "\r\n"u8.ToArray();
    private readonly Stream body;
    private readonly CancellationToken cancellationToken;

    public ProgressLines(HttpResponse response, CancellationToken cancellationToken)
    {
        response.ContentType = DockerAnswer.JsonType;
        body = response.Body;
        this.cancellationToken = cancellationToken;
    }

    public Task StatusAsync(string text, string? id = null) => WriteAsync(id is null ? new JsonObject { ["status"] = text } : new JsonObject { ["status"] = text, ["id"] = id });

    /// <summary>How a part of it fares.</summary>
    /// <param name="id">A layer's, short.</param>
    public Task StepAsync(string id, string text) => WriteAsync(new JsonObject { ["status"] = text, ["progressDetail"] = new JsonObject(), ["id"] = id });

    public Task StepAsync(string id, string text, long bytes, long total) =>
        WriteAsync(new JsonObject { ["status"] = text, ["progressDetail"] = new JsonObject { ["current"] = bytes, ["total"] = total }, ["id"] = id });

    public Task TextAsync(string text) => WriteAsync(new JsonObject { ["stream"] = text });

    /// <param name="code">A command's exit code, where one has failed.</param>
    public Task FailureAsync(string text, int? code = null)
    {
        var detail = code is { } number ? new JsonObject { ["code"] = number, ["message"] = text } : new JsonObject { ["message"] = text };
        return WriteAsync(new JsonObject { ["errorDetail"] = detail, ["error"] = text });
    }

    /// <summary>For programs, not for eyes.</summary>
    public Task ResultAsync(JsonObject result) => WriteAsync(new JsonObject { ["progressDetail"] = new JsonObject(), ["aux"] = result });

    public Task PlainResultAsync(JsonObject result) => WriteAsync(new JsonObject { ["aux"] = result });

    private async Task WriteAsync(JsonObject line)
    {
        await body.WriteAsync(WireJson.Bytes(line), cancellationToken);
        await body.WriteAsync(LineEnd, cancellationToken);
        await body.FlushAsync(cancellationToken);
    }
}
