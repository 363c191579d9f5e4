using System.Security.Cryptography;

namespace Flotilla.Server.Objects;

/// <summary>Random identifiers (version 4) as unpredictable as any, drawn from the system many at a time: one request takes several.</summary>
internal static class RandomUuid
{
    private const int Size = 16;
    private const int Drawn = 256;

    [ThreadStatic]
    private static byte[]? pool;

    [ThreadStatic]
    private static int left;

    public static string Next()
    {
        pool ??= new byte[Drawn * Size];
        if (left == 0)
        {
            RandomNumberGenerator.Fill(pool);
            left = Drawn;
        }

        var bytes = pool.AsSpan(--left * Size, Size);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        var text = new Guid(bytes, bigEndian: true).ToString();

        // Used up: nobody shall find it here.
        bytes.Clear();
        return text;
    }
}
