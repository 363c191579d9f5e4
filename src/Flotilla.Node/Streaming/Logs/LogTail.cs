namespace Flotilla.Node.Streaming.Logs;

/// <summary>Where the last lines of a file begin, found from its end without reading the rest.</summary>
internal static class LogTail
{
    private const int BlockBytes = 64 << 10;

    public static async Task<long> FindAsync(Stream file, long lines, CancellationToken cancellationToken)
    {
        if (lines <= 0)
        {
            return file.Length;
        }
        var block = new byte[BlockBytes];
        var position = file.Length;
        // The line feed that ends the file ends its last line and begins none.
        var remaining = lines + 1;
        while (position > 0)
        {
            var size = (int)Math.Min(BlockBytes, position);
            position -= size;
            file.Position = position;
            await file.ReadExactlyAsync(block.AsMemory(0, size), cancellationToken);
            for (var i = size - 1; i >= 0; i--)
            {
                if (block[i] == (byte)'\n' && --remaining == 0)
                {
                    return position + i + 1;
                }
            }
        }
        return 0;
    }
}
