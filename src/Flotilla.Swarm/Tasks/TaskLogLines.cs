using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Flotilla.Swarm.Tasks;

/// <summary>One whole line that a task wrote.</summary>
/// <param name="Text">With its line feed.</param>
internal sealed record TaskLogLine(string Time, bool IsError, byte[] Text);

/// <summary>Reads a log as the runtime wrote it. Pieces of a line are joined, up to a limit: who writes endless lines gets them in parts.</summary>
internal static class TaskLogLines
{
    private const int LongestLine = 1 << 20;

    public static async IAsyncEnumerable<TaskLogLine> ReadAsync(PipeReader reader, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (output, error) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (Take(rest.Slice(0, end).ToArray(), output, error) is { } line)
                {
                    yield return line;
                }

                rest = rest.Slice(rest.GetPosition(1, end));
            }

            reader.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                yield break;
            }
        }
    }

    // TIME STREAM TAG TEXT
    private static TaskLogLine? Take(ReadOnlySpan<byte> line, ArrayBufferWriter<byte> output, ArrayBufferWriter<byte> error)
    {
        Span<Range> parts = stackalloc Range[3];
        var at = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            var space = line[at..].IndexOf((byte)' ');
            if (space < 0)
            {
                return null;
            }

            parts[i] = at..(at + space);
            at += space + 1;
        }

        var isError = line[parts[1]].SequenceEqual("stderr"u8);
        var pending = isError ? error : output;
        pending.Write(line[at..]);
        if (line[parts[2]].StartsWith("P"u8) && pending.WrittenCount < LongestLine)
        {
            return null;
        }

        pending.Write("\n"u8);
        var text = pending.WrittenSpan.ToArray();
        pending.ResetWrittenCount();
        return new TaskLogLine(Encoding.ASCII.GetString(line[parts[0]]), isError, text);
    }
}
