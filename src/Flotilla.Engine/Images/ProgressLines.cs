using System.Text.Json.Nodes;
using Flotilla.Docker;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Engine.Images;

/// <summary>How pull, push and load tell what they do: a JSON object a line.</summary>
internal sealed class ProgressLines(HttpResponse response, CancellationToken cancellationToken)
{
    private static readonly byte[] LineEnd = "\r\n"u8.ToArray();

    public Task StatusAsync(string text, string? id = null) => WriteAsync(id is null ? new JsonObject { ["status"] = text } : new JsonObject { ["status"] = text, ["id"] = id });

    public Task TextAsync(string text) => WriteAsync(new JsonObject { ["stream"] = text });

    public Task FailureAsync(string text) => WriteAsync(new JsonObject { ["errorDetail"] = new JsonObject { ["message"] = text }, ["error"] = text });

    public async Task WriteAsync(JsonObject line)
    {
        await response.Body.WriteAsync(WireJson.Bytes(line), cancellationToken);
        await response.Body.WriteAsync(LineEnd, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
