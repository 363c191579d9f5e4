using System.Net;
using System.Net.NetworkInformation;
using Flotilla.Network.LoadBalancers;

namespace Flotilla.Network.Tests.LoadBalancers;

public sealed class AnnouncementTests
{
    private static readonly PhysicalAddress Hardware = PhysicalAddress.Parse("02-00-00-00-00-07");

    [Fact]
    public void An_old_address_is_asked_for_and_answered_by_whom_it_belongs_to() => Assert.Equal(
        [
            "FFFFFFFFFFFF0200000000070806" + "0001080006040001" + "0200000000070A000001" + "0000000000000A000001",
            "FFFFFFFFFFFF0200000000070806" + "0001080006040002" + "0200000000070A000001" + "FFFFFFFFFFFF0A000001",
        ],
        Announcement.FramesFor(IPAddress.Parse("10.0.0.1"), Hardware).Select(Convert.ToHexString));

    [Fact]
    public void A_new_address_is_advertised_to_all_nodes_of_the_link_with_a_valid_checksum()
    {
        var frame = Assert.Single(Announcement.FramesFor(IPAddress.Parse("fd00::7"), Hardware));

        Assert.Equal("33330000000102000000000786DD", Convert.ToHexString(frame[..14]));
        Assert.Equal("60000000" + "0020" + "3AFF", Convert.ToHexString(frame[14..22]));
        uint sum = 58 + 32;
        for (var i = 22; i < frame.Length; i += 2)
        {
            sum += (uint)((frame[i] << 8) | frame[i + 1]);
        }

        Assert.Equal(0xffffu, (sum & 0xffff) + (sum >> 16));
    }

    [Fact]
    public void What_others_say_is_understood()
    {
        foreach (var address in (IPAddress[])[IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::7")])
        {
            Assert.All(Announcement.FramesFor(address, Hardware), frame => Assert.Equal((address, Hardware), Announcement.ClaimIn(frame)));
        }
    }

    [Theory]
    [InlineData(21, 254, "from behind a router")]
    [InlineData(54, 135, "a question")]
    [InlineData(58, 0x60, "an answer to a question")]
    [InlineData(70, 1, "damaged")]
    public void An_advertisement_of_another_kind_claims_nothing(int at, byte value, string why)
    {
        var frame = Announcement.FramesFor(IPAddress.Parse("fd00::7"), Hardware).Single();
        frame[at] = value;
        Assert.True(Announcement.ClaimIn(frame) is null, why);
    }

    [Fact]
    public void Who_only_asks_claims_nothing()
    {
        var question = Announcement.FramesFor(IPAddress.Parse("10.0.0.1"), Hardware).First();
        question[^1] = 2;
        Assert.Null(Announcement.ClaimIn(question));
        Assert.Null(Announcement.ClaimIn(question.AsSpan(0, 41)));
        Assert.Null(Announcement.ClaimIn(Announcement.FramesFor(IPAddress.Any, Hardware).First()));
    }
}
