namespace Flotilla.Network.Dns;

/// <summary>What this server has to say to a question about its own names.</summary>
public sealed record DnsAnswer(ResponseCode Code, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authority, IReadOnlyList<DnsRecord> Additional)
{
    public static DnsAnswer Of(IReadOnlyList<DnsRecord> answers, IReadOnlyList<DnsRecord>? additional = null) =>
        new(ResponseCode.NoError, answers, [], additional ?? []);

    public static DnsAnswer Failure(ResponseCode code) => new(code, [], [], []);
}
