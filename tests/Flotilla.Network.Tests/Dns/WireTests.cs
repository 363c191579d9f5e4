using System.Net;
using Flotilla.Network.Dns;

namespace Flotilla.Network.Tests.Dns;

public sealed class WireTests
{
    [Fact]
    public void A_question_survives_the_wire()
    {
        Assert.True(DnsQuery.TryParse(DnsMessages.Question("Web.Example", RecordType.Srv, 4711, 1400), out var query));

        Assert.Equal(("web.example", RecordType.Srv, (ushort)4711, 1400), (query.Name, query.Type, query.Id, query.EdnsSize));
    }

    [Fact]
    public void Garbage_is_no_question()
    {
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(80)];
            random.NextBytes(bytes);
            DnsQuery.TryParse(bytes, out _);
            DnsMessages.Answers([.. bytes, .. new byte[12]]);
        }

        Assert.False(DnsQuery.TryParse(new byte[11], out _));
        Assert.False(DnsQuery.TryParse(new byte[12], out _));
    }

    [Fact]
    public void An_answer_carries_records_and_edns()
    {
        DnsQuery.TryParse(DnsMessages.Question("web", RecordType.A, 7, 1232), out var query);
        var bytes = DnsResponse.Write(query, DnsAnswer.Of([DnsRecord.Address("web", IPAddress.Parse("10.0.0.1"), 5)]), 1232);

        var record = Assert.Single(DnsMessages.Answers(bytes));
        Assert.Equal(("web", RecordType.A, 5), (record.Name, record.Type, record.TtlSeconds));
        Assert.Equal(1, bytes[11]);
        Assert.False(DnsMessages.IsTruncated(bytes));
    }

    [Theory]
    [InlineData(null, 512)]
    [InlineData(100, 512)]
    [InlineData(1000, 1000)]
    [InlineData(65000, 1232)]
    public void The_limit_over_udp_is_what_the_client_takes(int? edns, int limit)
    {
        DnsQuery.TryParse(DnsMessages.Question("web", RecordType.A, 7, edns), out var query);

        Assert.Equal(limit, DnsResponse.UdpLimit(query));
    }

    [Fact]
    public void What_does_not_fit_is_left_out_and_said_so()
    {
        DnsQuery.TryParse(DnsMessages.Question("web", RecordType.A), out var query);
        var many = DnsAnswer.Of([.. Enumerable.Range(0, 100).Select(i => DnsRecord.Address("web", new IPAddress([10, 0, 0, (byte)i]), 5))]);

        var small = DnsResponse.Write(query, many, DnsResponse.UdpLimit(query));
        var whole = DnsResponse.Write(query, many, ushort.MaxValue);

        Assert.True(DnsMessages.IsTruncated(small) && small.Length <= 512);
        Assert.Equal(100, DnsMessages.Answers(whole).Count);
    }

    [Fact]
    public void Nameservers_are_read_without_ourselves()
    {
        var text = "# comment\nnameserver 10.96.0.10\nsearch x\n nameserver\t9.9.9.9 \nnameserver 9.9.9.9\nnameserver ::1\nnameserver x\n";

        Assert.Equal(
            [IPAddress.Parse("9.9.9.9"), IPAddress.IPv6Loopback],
            ResolvConf.Nameservers(text, new HashSet<IPAddress> { IPAddress.Parse("10.96.0.10") }));
    }
}
