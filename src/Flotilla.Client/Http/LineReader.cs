using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Flotilla.Client;

/// <summary>Splits a stream into lines of bytes. A line's memory is valid until the next one is asked for.</summary>
internal static class LineReader
{
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 32 * 1024, leaveOpen: true));
        try
        {
            while (true)
            {
                var read = await pipe.ReadAsync(cancellationToken);
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = buffer.Slice(0, end);
                    if (!line.IsEmpty)
                    {
                        yield return line.IsSingleSegment ? line.First : line.ToArray();
                    }

                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }

                // What remains without a newline is an event cut off by the end of the stream.
                pipe.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                {
                    yield break;
                }
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }
}
