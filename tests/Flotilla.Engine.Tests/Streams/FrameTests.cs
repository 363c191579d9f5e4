using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Tests.Streams;

public sealed class FrameTests
{
    [Theory]
    [InlineData(Frame.Output, new byte[] { 1, 0, 0, 0, 0, 0, 0, 2, (byte)'h', (byte)'i' })]
    [InlineData(Frame.Error, new byte[] { 2, 0, 0, 0, 0, 0, 0, 2, (byte)'h', (byte)'i' })]
    public void The_stream_and_the_length_come_before_the_bytes(byte kind, byte[] expected) => Assert.Equal(expected, new Frame(kind, "hi"u8.ToArray()).Multiplexed());

    [Fact]
    public void A_long_piece_has_its_length_in_big_endian() => Assert.Equal(new byte[] { 1, 0, 0, 0, 0, 1, 2, 3 }, new Frame(Frame.Output, new byte[0x10203]).Multiplexed()[..8]);
}
