using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Execs;

/// <summary>A further process in a container, as <c>POST /containers/{id}/exec</c> made it. Kept while its container runs.</summary>
/// <param name="ContainerId">One of docker's, or of a task.</param>
internal sealed record Exec(string Id, string ContainerId, JsonObject Config)
{
    private int begun;

    public bool HasTerminal => Config.Boolean("Tty") == true;

    public bool HasInput => Config.Boolean("AttachStdin") == true;

    public IReadOnlyList<string> Command => [.. (Config.Array("Cmd") ?? []).Select(word => word.AsString() ?? "")];

    public int Pid { get; set; }

    public bool IsStarted { get; set; }

    /// <summary>null: it has not ended.</summary>
    public int? ExitCode { get; set; }

    public Broadcast Output { get; } = new();

    public ProcessStreams? Streams { get; set; }

    /// <returns>false: somebody has started it before.</returns>
    public bool TryBegin() => Interlocked.Exchange(ref begun, 1) == 0;

    public bool IsRunning => IsStarted && ExitCode is null;
}
