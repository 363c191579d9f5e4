using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Http;

/// <summary>What goes back: bytes that are there already, or a stream that is written as it comes.</summary>
public sealed class ApiAnswer
{
    public int Code { get; init; } = 200;

    public string ContentType { get; init; } = "application/json";

    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Set instead of <see cref="Body"/> for answers that are streamed.</summary>
    public Func<PipeWriter, CancellationToken, Task>? Stream { get; init; }

    /// <summary>About how long a streamed answer will be; 0: nobody knows.</summary>
    public long Size { get; init; }

    /// <summary>The stream goes on until somebody has enough of it.</summary>
    public bool IsWatch { get; init; }

    /// <summary>The body is JSON for want of a choice: whoever knows what the client accepts may turn it into that.</summary>
    public bool IsNegotiable { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Headers beyond those every answer has.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    public static ApiAnswer Json(JsonNode value, int code = 200) => new() { Code = code, Body = StoredObject.Serialize(value), IsNegotiable = true };

    public static ApiAnswer Bytes(ReadOnlyMemory<byte> body, int code = 200) => new() { Code = code, Body = body };

    public static ApiAnswer Text(string text, int code = 200) => new() { Code = code, ContentType = "text/plain; charset=utf-8", Body = System.Text.Encoding.UTF8.GetBytes(text) };

    public async Task<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        if (Stream is null)
        {
            // Most bodies were made for this answer: they need no copy.
            return MemoryMarshal.TryGetArray(Body, out var whole) && whole.Count == whole.Array!.Length ? whole.Array : Body.ToArray();
        }

        var memory = new MemoryStream();
        var writer = PipeWriter.Create(memory);
        await Stream(writer, cancellationToken);
        await writer.CompleteAsync();
        return memory.ToArray();
    }
}
