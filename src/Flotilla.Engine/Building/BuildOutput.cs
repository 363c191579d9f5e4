using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Engine.Images;
using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Building;

/// <summary>What a build tells while it goes on. A quiet one tells it only when it fails.</summary>
internal sealed class BuildOutput(ProgressLines lines, bool isQuiet)
{
    private const int MostKept = 1 << 20;
    private readonly StringBuilder kept = new();

    public async Task TextAsync(string text)
    {
        if (!isQuiet)
        {
            await lines.TextAsync(text);
        }
        else if (kept.Length < MostKept)
        {
            kept.Append(text);
        }
    }

    /// <summary>A command's; what it says of errors is red.</summary>
    public Task FrameAsync(Frame frame)
    {
        var text = Encoding.UTF8.GetString(frame.Data.Span);
        return TextAsync(frame.Kind == Frame.Error ? $"\x1b[91m{text}\x1b[0m" : text);
    }

    public async Task DoneAsync(string id)
    {
        await lines.PlainResultAsync(new JsonObject { ["ID"] = id });
        if (isQuiet)
        {
            await lines.TextAsync(id + "\n");
        }
    }

    public async Task FailAsync(string message, int? code)
    {
        if (kept.Length > 0)
        {
            await lines.TextAsync(kept.ToString());
        }

        await lines.FailureAsync(message, code);
    }
}
