using System.Buffers.Binary;

namespace Flotilla.Engine.Streams;

/// <summary>A piece of a process's output.</summary>
internal readonly record struct Frame(byte Kind, ReadOnlyMemory<byte> Data)
{
    public const byte Output = 1;
    public const byte Error = 2;
    private const int HeaderLength = 8;

    /// <summary>As docker sends it where there is no terminal: which stream it is of and how long, then the bytes.</summary>
    public byte[] Multiplexed()
    {
        var bytes = new byte[HeaderLength + Data.Length];
        bytes[0] = Kind;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), Data.Length);
        Data.CopyTo(bytes.AsMemory(HeaderLength));
        return bytes;
    }
}
