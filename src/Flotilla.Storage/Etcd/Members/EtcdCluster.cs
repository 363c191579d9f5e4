using Flotilla.Storage.Etcd.Running;
using Flotilla.Storage.Etcd.Upkeep;
using Flotilla.Storage.Etcd.Wire;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd.Members;

/// <summary>
/// Who belongs to a cluster of etcd. A new member comes in two steps: <see cref="AddLearnerAsync"/> at a server of the
/// cluster, then the member starts with what it was told, then <see cref="PromoteAsync"/>. Each step may be repeated after
/// a crash. Whatever would lose the quorum is refused. Safe from any thread.
/// </summary>
public sealed partial class EtcdCluster : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    private readonly EtcdConnection connection;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private IReadOnlyList<Uri> endpoints;

    /// <param name="options">Its endpoints need not be all members, but one of them must answer.</param>
    public EtcdCluster(EtcdOptions options, TimeProvider time, ILogger<EtcdCluster> logger)
    {
        connection = new EtcdConnection(options, time, logger);
        endpoints = options.Endpoints;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>How long a learner may take to catch up.</summary>
    public TimeSpan PromotionPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a second learner waits for the first; etcd bears one at a time.</summary>
    public TimeSpan JoinPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the first may be silent meanwhile before it gives way.</summary>
    public TimeSpan SilentLearnerPatience { get; init; } = TimeSpan.FromSeconds(10);

    internal EtcdConnection Connection => connection;

    /// <summary>These are asked from now on.</summary>
    public void UseEndpoints(IReadOnlyList<Uri> addresses)
    {
        connection.Use(addresses);
        Volatile.Write(ref endpoints, addresses);
    }

    /// <summary>All members, each asked how it is. Answers without a quorum, too.</summary>
    /// <exception cref="StorageException">No member answers.</exception>
    public Task<ClusterReport> ListAsync(CancellationToken cancellationToken) => new MemberSurvey(connection, Volatile.Read(ref endpoints)).TakeAsync(cancellationToken);

    /// <summary>
    /// Lets a server in that has no data yet. A member of the same name or address that no longer answers is replaced;
    /// one that was added but has not started gets its ticket again.
    /// </summary>
    /// <param name="name">The server's; by it the member will be known.</param>
    /// <param name="peerAddress">Like <c>https://10.0.0.2:2380</c>.</param>
    /// <exception cref="StorageException">It is there already, the cluster would not bear it, or does not answer.</exception>
    public async Task<JoinTicket> AddLearnerAsync(string name, Uri peerAddress, CancellationToken cancellationToken)
    {
        var cluster = await ListAsync(cancellationToken);
        var before = cluster.Members.FirstOrDefault(member => member.Name == name || member.PeerAddresses.Contains(peerAddress));
        Refuse(MembershipRules.CheckJoin(before, name));
        if (before is { IsStarted: false } && before.PeerAddresses.Contains(peerAddress))
        {
            return JoinTicket.For(before.Id, name, cluster);
        }

        if (before is not null)
        {
            await RemoveAsync(before.Id, cancellationToken);
        }

        var added = await AddAsync(peerAddress, cancellationToken);
        Log.Added(logger, name, peerAddress);
        return JoinTicket.For(added.Member.ID, name, MemberSurvey.Read(added.Members));
    }

    /// <summary>Makes a learner a full member as soon as it has caught up. One that is already stays so.</summary>
    /// <exception cref="StorageException">It does not catch up in time, is not known, or the cluster refuses.</exception>
    public Task PromoteAsync(ulong id, CancellationToken cancellationToken) =>
        WaitForAsync(async () =>
        {
            try
            {
                await connection.CallAsync((member, call) => member.Members.MemberPromoteAsync(new MemberPromoteRequest { ID = id }, call), cancellationToken);
                Log.Promoted(logger, $"{id:x}");
            }
            catch (StorageException refused) when (EtcdRefusals.IsNoLearner(refused))
            {
                // Somebody did it before, or an answer of ours was lost.
            }
        }, EtcdRefusals.IsNotInSync, () => Task.CompletedTask, PromotionPatience, cancellationToken);

    /// <summary>Takes a member out; it stops by itself. One that is gone already is no error.</summary>
    /// <exception cref="StorageException">The rest would have no quorum.</exception>
    public async Task RemoveAsync(ulong id, CancellationToken cancellationToken)
    {
        var cluster = await ListAsync(cancellationToken);
        if (cluster.Find(id) is not { } member)
        {
            return;
        }

        Refuse(MembershipRules.CheckRemoval(cluster, member));
        if (member.IsLeader && cluster.Voters.FirstOrDefault(other => other.IsHealthy && other.Id != id) is { } heir)
        {
            await MoveLeaderAsync(member, heir, cancellationToken);
        }

        try
        {
            await connection.CallAsync((endpoint, call) => endpoint.Members.MemberRemoveAsync(new MemberRemoveRequest { ID = id }, call), cancellationToken);
        }
        catch (StorageException refused) when (EtcdRefusals.IsUnknownMember(refused))
        {
            // Removed meanwhile.
        }

        Log.Removed(logger, member.Title);
    }

    /// <summary>A dead member out, a new one in, as a learner.</summary>
    /// <exception cref="StorageException">As of the two steps.</exception>
    public async Task<JoinTicket> ReplaceAsync(ulong dead, string name, Uri peerAddress, CancellationToken cancellationToken)
    {
        await RemoveAsync(dead, cancellationToken);
        return await AddLearnerAsync(name, peerAddress, cancellationToken);
    }

    /// <summary>The member's machine has another address now.</summary>
    public Task MoveAsync(ulong id, Uri peerAddress, CancellationToken cancellationToken) =>
        connection.CallAsync((member, call) => member.Members.MemberUpdateAsync(new MemberUpdateRequest { ID = id, PeerURLs = { Text(peerAddress) } }, call), cancellationToken);

    /// <summary>What a member does after each start: a learner becomes a full member, and the others learn of a new address.</summary>
    /// <exception cref="RemovedMemberException">The cluster has put it out.</exception>
    /// <exception cref="StorageException">The cluster does not answer, or does not let it in.</exception>
    public async Task EnsureMemberAsync(EtcdMemberOptions own, CancellationToken cancellationToken)
    {
        var id = await IdentifyAsync(own.LocalAddress, cancellationToken);
        if ((await ListAsync(cancellationToken)).Find(id) is not { } member)
        {
            throw new RemovedMemberException(own.Name);
        }

        if (member.IsLearner)
        {
            await PromoteAsync(id, cancellationToken);
        }

        if (!member.PeerAddresses.Contains(own.PeerAddress))
        {
            await MoveAsync(id, own.PeerAddress, cancellationToken);
        }
    }

    /// <summary>Which member answers there.</summary>
    /// <exception cref="StorageException">None does.</exception>
    public async Task<ulong> IdentifyAsync(Uri address, CancellationToken cancellationToken) =>
        (await DirectAsync(address, (endpoint, call) => endpoint.Maintenance.StatusAsync(new StatusRequest(), call), AnswerTimeout, cancellationToken)).Header.MemberId;

    /// <summary>Another member leads, without an election that somebody would notice.</summary>
    public async Task MoveLeaderAsync(EtcdMember from, EtcdMember to, CancellationToken cancellationToken)
    {
        try
        {
            await connection.At(from.ClientAddresses[0]).Maintenance.MoveLeaderAsync(new MoveLeaderRequest { TargetID = to.Id }, Bounded(cancellationToken));
        }
        catch (RpcException failure)
        {
            // Not needed: without it there is an election.
            Log.NotMoved(logger, from.Title, failure.Status.Detail);
        }
    }

    public void Dispose() => connection.Dispose();

    internal static string Text(Uri address) => address.GetLeftPart(UriPartial.Authority);

    private static void Refuse(string? reason)
    {
        if (reason is not null)
        {
            throw new StorageException(reason);
        }
    }

    internal static CallOptions Bounded(CancellationToken cancellationToken) => new(deadline: DateTime.UtcNow + AnswerTimeout, cancellationToken: cancellationToken);

    /// <summary>Asks one member for itself.</summary>
    internal async Task<T> DirectAsync<T>(Uri address, Func<EtcdEndpoint, CallOptions, AsyncUnaryCall<T>> callAsync, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            using var call = callAsync(connection.At(address), new CallOptions(deadline: DateTime.UtcNow + timeout, cancellationToken: cancellationToken));
            return await call;
        }
        catch (RpcException failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new StorageException($"etcd at {address.Authority} does not do it: {failure.Status.Detail}", failure);
        }
    }

    // Its answer knows the new member; a list from another one may not yet.
    private async Task<MemberAddResponse> AddAsync(Uri peerAddress, CancellationToken cancellationToken)
    {
        MemberAddResponse? added = null;
        var request = new MemberAddRequest { PeerURLs = { Text(peerAddress) }, IsLearner = true };
        var silent = new StaleLearners(SilentLearnerPatience, time);
        try
        {
            await WaitForAsync(
                async () => added = (await connection.CallAsync((member, call) => member.Members.MemberAddAsync(request, call), cancellationToken)).Answer,
                EtcdRefusals.IsOtherLearner, () => GiveWayAsync(silent, cancellationToken), JoinPatience, cancellationToken);
            return added!;
        }
        catch (StorageException refused) when (EtcdRefusals.IsOtherLearner(refused))
        {
            throw new StorageException("Another server is joining etcd, which takes one at a time: try again when it has; 'flotilla status' shows it as a learner.", refused);
        }
    }

    /// <summary>A learner that stays silent while another wants to come was never going to.</summary>
    private async Task GiveWayAsync(StaleLearners silent, CancellationToken cancellationToken)
    {
        foreach (var learner in silent.In(await ListAsync(cancellationToken)))
        {
            Log.GivesWay(logger, learner.Title, learner.Problem!);
            await RemoveAsync(learner.Id, cancellationToken);
        }
    }

    /// <summary>Until it is no longer refused for a reason that passes.</summary>
    /// <param name="meanwhileAsync">Done after each refusal.</param>
    private async Task WaitForAsync(Func<Task> actAsync, Predicate<StorageException> passes, Func<Task> meanwhileAsync, TimeSpan patience, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            try
            {
                await actAsync();
                return;
            }
            catch (StorageException refused) when (passes(refused) && time.GetElapsedTime(begun) < patience)
            {
                await meanwhileAsync();
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "etcd has a new learner: {Name} at {Address}")]
        public static partial void Added(ILogger logger, string name, Uri address);

        [LoggerMessage(Level = LogLevel.Warning, Message = "etcd's learner {Name} {Why} and gives way to another")]
        public static partial void GivesWay(ILogger logger, string name, string why);

        [LoggerMessage(Level = LogLevel.Information, Message = "etcd's learner {Id} is a full member now")]
        public static partial void Promoted(ILogger logger, string id);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Name} is no longer a member of etcd")]
        public static partial void Removed(ILogger logger, string name);

        [LoggerMessage(Level = LogLevel.Warning, Message = "etcd's leader {Name} does not hand over: {Why}")]
        public static partial void NotMoved(ILogger logger, string name, string why);
    }
}
