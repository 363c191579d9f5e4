using System.Text;

namespace Flotilla.Server.Tests.Conformance.Machinery;

/// <summary>A protobuf message read without knowing its type: which fields there are, by number.</summary>
internal sealed class ProtobufFields(ReadOnlyMemory<byte> bytes)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;

    public string Text => Encoding.UTF8.GetString(bytes.Span);

    /// <summary>The nested messages, or texts, of a field.</summary>
    public IEnumerable<ProtobufFields> Of(int number)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var tag = ReadVarint(ref at);
            var length = (int)(tag & 7) switch { Varint => SkipVarint(at), Fixed64 => 8, Delimited => (int)ReadVarint(ref at), var other => throw new FormatException($"wire type {other}") };
            if (tag >> 3 == (ulong)number && (tag & 7) == Delimited)
            {
                yield return new ProtobufFields(bytes.Slice(at, length));
            }

            at += length;
        }
    }

    public ProtobufFields One(int number) => Assert.Single(Of(number));

    /// <summary>The value of the entry of this name, in a list of entries of name and value.</summary>
    public ProtobufFields? Named(int number, string name) => Of(number).FirstOrDefault(entry => entry.One(1).Text == name)?.One(2);

    private int SkipVarint(int at)
    {
        var from = at;
        ReadVarint(ref at);
        return at - from;
    }

    private ulong ReadVarint(ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = bytes.Span[at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
