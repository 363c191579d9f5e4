using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Flotilla.Client.Streams;

/// <summary>The resize channel: one <c>{"Width":80,"Height":24}</c> after the other.</summary>
public static class TerminalSizes
{
    private const int LongestSize = 1024;

    public static byte[] Encode(TerminalSize size) => Encoding.UTF8.GetBytes($$"""{"Width":{{size.Width}},"Height":{{size.Height}}}""" + "\n");

    public static async IAsyncEnumerable<TerminalSize> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestSize];
        var filled = 0;
        while (filled < buffer.Length)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken);
            if (count == 0)
            {
                yield break;
            }
            filled += count;
            int end;
            while ((end = Array.IndexOf(buffer, (byte)'}', 0, filled)) >= 0)
            {
                if (Parse(buffer.AsSpan(0, end + 1)) is { } size)
                {
                    yield return size;
                }
                filled -= end + 1;
                Array.Copy(buffer, end + 1, buffer, 0, filled);
            }
        }
    }

    private static TerminalSize? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json.ToArray());
            return new TerminalSize(document.RootElement.GetProperty("Width").GetUInt16(), document.RootElement.GetProperty("Height").GetUInt16());
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            // A terminal of the wrong size is better than none.
            return null;
        }
    }
}
