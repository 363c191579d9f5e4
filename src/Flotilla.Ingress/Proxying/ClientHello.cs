using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Flotilla.Ingress.Proxying;

/// <summary>The first message of TLS (RFC 8446, 4.1.2), as far as the name that the client asks for (RFC 6066, 3). Pure.</summary>
internal static class ClientHello
{
    /// <summary>A longer one is none.</summary>
    public const int MostBytes = 65_536;

    private const int RecordHeader = 5;
    private const int MessageHeader = 4;
    private const byte Handshake = 22;
    private const byte Hello = 1;
    private const int VersionAndRandom = 2 + 32;
    private const ushort ServerName = 0;

    /// <summary>Whether all of it has come, or what has come is none.</summary>
    /// <param name="name">null: it has none.</param>
    public static bool TryRead(in ReadOnlySequence<byte> received, out string? name)
    {
        name = null;
        var message = new byte[(int)Math.Min(received.Length, MostBytes)];
        var bytes = received.Slice(0, message.Length).ToArray().AsSpan();
        var length = 0;

        // One message may be in several records.
        while (bytes.Length >= RecordHeader)
        {
            if (bytes[0] != Handshake)
            {
                return true;
            }

            var record = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
            var part = bytes[RecordHeader..Math.Min(bytes.Length, RecordHeader + record)];
            part.CopyTo(message.AsSpan(length));
            length += part.Length;
            bytes = bytes[(RecordHeader + part.Length)..];
            if (Whole(message.AsSpan(0, length)) is { } whole)
            {
                name = NameIn(message.AsSpan(0, whole));
                return true;
            }
        }

        return received.Length >= MostBytes || (received.Length > 0 && received.FirstSpan[0] != Handshake);
    }

    /// <summary>How long it is; null: it has not come yet.</summary>
    private static int? Whole(ReadOnlySpan<byte> message)
    {
        if (message.Length < MessageHeader)
        {
            return null;
        }

        var end = MessageHeader + (message[1] << 16 | message[2] << 8 | message[3]);
        return message[0] != Hello ? 0 : message.Length >= end ? end : null;
    }

    private static string? NameIn(ReadOnlySpan<byte> hello)
    {
        var rest = hello.Length > MessageHeader + VersionAndRandom ? hello[(MessageHeader + VersionAndRandom)..] : default;

        // The session, the ciphers, the compressions; then the extensions.
        if (!Take(ref rest, 1, out _) || !Take(ref rest, 2, out _) || !Take(ref rest, 1, out _) || !Take(ref rest, 2, out var extensions))
        {
            return null;
        }

        while (extensions.Length >= 2)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!Take(ref extensions, 2, out var extension))
            {
                return null;
            }

            if (type == ServerName)
            {
                return Take(ref extension, 2, out var names) && names.Length > 0 && names[0] == 0 && (names = names[1..]).Length > 0 && Take(ref names, 2, out var host)
                    ? Encoding.ASCII.GetString(host)
                    : null;
            }
        }

        return null;
    }

    /// <summary>A piece with its length before it, in so many bytes.</summary>
    private static bool Take(ref ReadOnlySpan<byte> from, int lengthBytes, out ReadOnlySpan<byte> piece)
    {
        piece = default;
        if (from.Length < lengthBytes)
        {
            return false;
        }

        var length = lengthBytes == 1 ? from[0] : BinaryPrimitives.ReadUInt16BigEndian(from);
        if (from.Length < lengthBytes + length)
        {
            return false;
        }

        piece = from.Slice(lengthBytes, length);
        from = from[(lengthBytes + length)..];
        return true;
    }
}
