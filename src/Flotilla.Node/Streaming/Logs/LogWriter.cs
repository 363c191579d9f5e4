using Flotilla.Client.Streams;

namespace Flotilla.Node.Streaming.Logs;

/// <summary>Turns lines of a CRI log file into what a client of the log asked for.</summary>
internal sealed class LogWriter(LogOptions options, DateTime now)
{
    private readonly DateTime? since = options.SinceTime ?? (options.SinceSeconds is { } seconds ? now.AddSeconds(-seconds) : null);
    private long remaining = options.LimitBytes ?? long.MaxValue;
    private bool begun;

    public bool IsFull => remaining <= 0;

    /// <summary>Appends a line's bytes; what does not parse is left out, as upstream does.</summary>
    public void Write(ReadOnlySpan<byte> line, MemoryStream output)
    {
        if (!LogLine.TryParse(line, out var parsed) || (since is { } bound && parsed.Time < bound))
        {
            return;
        }
        if (options.AsWritten)
        {
            Append(line, output);
            Append("\n"u8, output);
            return;
        }
        if (options.Timestamps && !begun)
        {
            Append(parsed.Timestamp, output);
            Append(" "u8, output);
        }
        Append(parsed.Text, output);
        begun = parsed.IsPartial;
        if (!parsed.IsPartial)
        {
            Append("\n"u8, output);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes, MemoryStream output)
    {
        var count = (int)Math.Min(bytes.Length, remaining);
        output.Write(bytes[..count]);
        remaining -= count;
    }
}
