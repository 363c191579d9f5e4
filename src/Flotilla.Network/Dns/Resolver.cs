namespace Flotilla.Network.Dns;

/// <summary>Answers one message: from the cluster's zone, or by asking the machine's resolvers.</summary>
public sealed class Resolver(ClusterZone zone, Forwarder forwarder, AnswerCache cache)
{
    private const int MaxAliases = 8;

    /// <summary>The whole answer when it needs nobody else; null when <see cref="AnswerAsync"/> must be awaited.</summary>
    public byte[]? AnswerAtOnce(DnsQuery query, ReadOnlyMemory<byte> message, bool overTcp)
    {
        if (query.OpCode != 0)
        {
            return Write(query, DnsAnswer.Failure(ResponseCode.NotImplemented), overTcp);
        }

        if (query.Class != 1 || zone.Answer(query) is not { } answer)
        {
            return cache.Find(query, message.Span, overTcp);
        }

        return Alias(query, answer) is null ? Write(query, answer, overTcp) : null;
    }

    public async Task<byte[]> AnswerAsync(DnsQuery query, ReadOnlyMemory<byte> message, bool overTcp, CancellationToken cancellationToken)
    {
        if (query.Class == 1 && zone.Answer(query) is { } own)
        {
            return Write(query, await FollowAsync(query, own, cancellationToken), overTcp);
        }

        if (await forwarder.AskAsync(query.Name, message, overTcp, cancellationToken) is { } answer)
        {
            cache.Keep(query, message.Span, overTcp, answer);
            return answer;
        }

        return Write(query, DnsAnswer.Failure(ResponseCode.ServerFailure), overTcp);
    }

    /// <summary>An external name answers with its alias, and with what that name means: stub resolvers do not ask again.</summary>
    private async Task<DnsAnswer> FollowAsync(DnsQuery query, DnsAnswer answer, CancellationToken cancellationToken)
    {
        List<DnsRecord> all = [.. answer.Answers];
        for (var i = 0; i < MaxAliases && Alias(query, answer) is { } target; i++)
        {
            var next = DnsMessages.Question(target, query.Type);
            if (!DnsQuery.TryParse(next, out var nextQuery))
            {
                break;
            }

            if (zone.Answer(nextQuery) is { } inside)
            {
                answer = inside;
                all.AddRange(inside.Answers);
                continue;
            }

            var bytes = await forwarder.AskAsync(target, next, overTcp: false, cancellationToken);
            if (bytes is not null)
            {
                all.AddRange(DnsMessages.Answers(bytes));
            }

            break;
        }

        return new DnsAnswer(ResponseCode.NoError, all, [], []);
    }

    private static string? Alias(DnsQuery query, DnsAnswer answer) =>
        query.Type is RecordType.A or RecordType.Aaaa && answer.Answers is [{ Type: RecordType.CName } alias]
            ? DnsMessages.ReadName(alias.Data, 0, out _)
            : null;

    private static byte[] Write(DnsQuery query, DnsAnswer answer, bool overTcp) =>
        DnsResponse.Write(query, answer, overTcp ? ushort.MaxValue : DnsResponse.UdpLimit(query));
}
