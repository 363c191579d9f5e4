using System.Buffers.Binary;
using System.Net;
using Flotilla.Network.Dns;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Network.Tests.Dns;

public sealed class AnswerCacheTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void An_answer_is_given_again_with_the_new_id_until_its_time_is_over()
    {
        var cache = new AnswerCache(time);
        var (question, query) = Ask("example.com", 1);
        Assert.Null(cache.Find(query, question, overTcp: false));
        cache.Keep(query, question, overTcp: false, Answer(query, 20));

        time.Advance(TimeSpan.FromSeconds(15));
        var (again, repeated) = Ask("EXAMPLE.com", 2);
        var answer = cache.Find(repeated, again, overTcp: false)!;
        Assert.Equal(2, BinaryPrimitives.ReadUInt16BigEndian(answer));
        var record = Assert.Single(DnsMessages.Answers(answer));
        Assert.Equal(5, record.TtlSeconds);
        Assert.Equal("EXAMPLE"u8.ToArray(), answer[13..20]);
        Assert.Null(cache.Find(repeated, again, overTcp: true));

        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(cache.Find(repeated, again, overTcp: false));
    }

    [Fact]
    public void Nothing_is_kept_longer_than_half_a_minute_and_failures_not_at_all()
    {
        var cache = new AnswerCache(time);
        var (question, query) = Ask("example.com", 1);
        cache.Keep(query, question, overTcp: false, DnsResponse.Write(query, DnsAnswer.Failure(ResponseCode.ServerFailure), 512));
        Assert.Null(cache.Find(query, question, overTcp: false));
        cache.Keep(query, question, overTcp: false, Answer(query, 3600));
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(cache.Find(query, question, overTcp: false));
    }

    [Fact]
    public void A_full_cache_makes_room_only_of_what_is_over()
    {
        var cache = new AnswerCache(time, capacity: 1);
        var (first, firstQuery) = Ask("one.example.com", 1);
        var (second, secondQuery) = Ask("two.example.com", 1);
        cache.Keep(firstQuery, first, overTcp: false, Answer(firstQuery, 10));
        cache.Keep(secondQuery, second, overTcp: false, Answer(secondQuery, 10));
        Assert.Null(cache.Find(secondQuery, second, overTcp: false));
        time.Advance(TimeSpan.FromSeconds(10));
        cache.Keep(secondQuery, second, overTcp: false, Answer(secondQuery, 10));
        Assert.NotNull(cache.Find(secondQuery, second, overTcp: false));
    }

    [Theory]
    [InlineData("a.acme.local", "10.0.0.1:53")]
    [InlineData("acme.local", "10.0.0.1:53")]
    [InlineData("x.deep.acme.local", "10.0.0.2:5353")]
    [InlineData("notacme.local", "8.8.8.8:53")]
    public void Domains_have_resolvers_of_their_own(string name, string server)
    {
        var configured = Upstreams.Configuration.Parse(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["stubDomains"] = """{"acme.local":["10.0.0.1"],"deep.acme.local.":["10.0.0.2:5353"]}""", ["upstreamNameservers"] = """["8.8.8.8"]""",
        });
        Assert.Equal(IPEndPoint.Parse(server), Assert.Single(configured.For(name)!));
        Assert.Null(Upstreams.Configuration.None.For(name));
    }

    [Fact]
    public void An_address_that_is_none_is_named() => Assert.Contains(
        "\"resolver\"",
        Assert.Throws<FormatException>(() => Upstreams.Configuration.Parse(new Dictionary<string, string>(StringComparer.Ordinal) { ["stubDomains"] = """{"a":["resolver"]}""" })).Message,
        StringComparison.Ordinal);

    private static (byte[] Message, DnsQuery Query) Ask(string name, ushort id)
    {
        var message = DnsMessages.Question(name, RecordType.A, id);
        Assert.True(DnsQuery.TryParse(message, out var query));
        return (message, query);
    }

    private static byte[] Answer(DnsQuery query, int seconds) =>
        DnsResponse.Write(query, DnsAnswer.Of([DnsRecord.Address(query.Name, IPAddress.Parse("192.0.2.1"), seconds)], []), 512);
}
