using Flotilla.Composition;

namespace Flotilla.Tests.Composition;

public sealed class KernelAddressesTests
{
    private const string Text = """
        00000000000000000000000000000001 01 80 10 80       lo
        fe80000000000000021122fffe334455 02 40 20 80     eth0
        20010db8000000000000000000000007 02 40 00 01     eth0
        20010db8000000000000000000000008 02 40 00 20     eth0
        20010db8000000000000000000000005 02 40 00 80     eth0
        fd001724000000000000000000000001 03 40 00 40  docker0
        fd000010024400000000000000000001 04 40 00 82 flotilla0
        """;

    [Fact]
    public void Addresses_that_others_reach_and_that_stay_are_found_with_their_link() => Assert.Equal(
        ["2001:db8::5 eth0", "fd00:10:244::1 flotilla0"],
        KernelAddresses.Lasting(Text).Select(entry => $"{entry.Address} {entry.Link}"));

    [Fact]
    public void A_kernel_without_IPv6_has_none() => Assert.Empty(KernelAddresses.Lasting(""));
}
