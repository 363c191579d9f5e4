using System.Buffers;
using System.Buffers.Binary;
using System.Net.Security;
using System.Text;
using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Tests.Gateways;

public sealed class ClientHelloTests
{
    [Theory]
    [InlineData("site.test", 16_384)]
    [InlineData("site.test", 7)]
    [InlineData(null, 16_384)]
    public void The_name_is_found_once_all_has_come(string? host, int recordBytes)
    {
        var hello = Hello(host, recordBytes);
        for (var length = 0; length < hello.Length; length++)
        {
            Assert.False(ClientHello.TryRead(new ReadOnlySequence<byte>(hello, 0, length), out _));
        }

        Assert.True(ClientHello.TryRead(new ReadOnlySequence<byte>([.. hello, 23, 3, 3]), out var name));
        Assert.Equal(host, name);
    }

    [Fact]
    public async Task That_of_a_real_client_is_understood()
    {
        using var sent = new MemoryStream();
        await using var tls = new SslStream(new Recording(sent));
        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync("real.test"));
        Assert.True(ClientHello.TryRead(new ReadOnlySequence<byte>(sent.ToArray()), out var name));
        Assert.Equal("real.test", name);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\0\u0005\u0002\0\0\u0001\0")]
    [InlineData("\u0016\u0003\u0001\0\u0005\u0001\0\0\u0001\0")]
    public void Anything_else_has_no_name(string text)
    {
        Assert.True(ClientHello.TryRead(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(text)), out var name));
        Assert.Null(name);
    }

    [Fact]
    public void No_bytes_break_it()
    {
        var random = new Random(1);
        var hello = Hello("site.test");
        for (var round = 0; round < 20_000; round++)
        {
            var broken = hello.ToArray();
            for (var i = 0; i < 3; i++)
            {
                broken[random.Next(broken.Length)] = (byte)random.Next(256);
            }

            ClientHello.TryRead(new ReadOnlySequence<byte>(broken), out _);
        }
    }

    /// <summary>A first message, in records of so many bytes.</summary>
    internal static byte[] Hello(string? host, int recordBytes = 16_384)
    {
        var name = Encoding.ASCII.GetBytes(host ?? "");
        byte[] serverName = host is null ? [] : [0, 0, .. Sized([.. Sized([0, .. Sized(name)])])];
        byte[] body = [3, 3, .. new byte[32], 1, 9, .. Sized([0x13, 0x01]), 1, 0, .. Sized([0, 43, .. Sized([2, 3, 4]), .. serverName])];
        byte[] message = [1, 0, .. Sized(body)];
        return [.. message.Chunk(recordBytes).SelectMany(part => (byte[])[22, 3, 1, .. Sized(part)])];
    }

    private static byte[] Sized(byte[] content)
    {
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)content.Length);
        return [.. length, .. content];
    }

    /// <summary>Takes what is written, and answers nothing.</summary>
    private sealed class Recording(Stream sent) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => sent.Write(buffer, offset, count);
    }
}
