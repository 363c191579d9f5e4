using System.Globalization;
using System.Text;

namespace Flotilla.Node.Streaming.Logs;

/// <summary>One line of a CRI log file: <c>2026-01-02T03:04:05.123456789Z stdout F text</c>; P marks a piece of a longer line.</summary>
internal readonly ref struct LogLine(ReadOnlySpan<byte> timestamp, bool isPartial, ReadOnlySpan<byte> text)
{
    public ReadOnlySpan<byte> Timestamp { get; } = timestamp;

    public bool IsPartial { get; } = isPartial;

    public ReadOnlySpan<byte> Text { get; } = text;

    public DateTime Time =>
        DateTime.TryParse(Encoding.ASCII.GetString(Timestamp), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var time) ? time : DateTime.MinValue;

    /// <param name="line">Without its line feed.</param>
    public static bool TryParse(ReadOnlySpan<byte> line, out LogLine parsed)
    {
        parsed = default;
        var first = line.IndexOf((byte)' ');
        if (first <= 0)
        {
            return false;
        }
        var rest = line[(first + 1)..];
        var second = rest.IndexOf((byte)' ');
        if (second <= 0 || !(rest[..second].SequenceEqual("stdout"u8) || rest[..second].SequenceEqual("stderr"u8)))
        {
            return false;
        }
        rest = rest[(second + 1)..];
        var third = rest.IndexOf((byte)' ');
        var tags = third < 0 ? rest : rest[..third];
        if (tags.Length == 0)
        {
            return false;
        }
        parsed = new LogLine(line[..first], tags[0] == (byte)'P', third < 0 ? default : rest[(third + 1)..]);
        return true;
    }
}
