using System.Globalization;
using Flotilla.Storage.Etcd.Members;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd.Upkeep;

/// <summary>
/// Keeps etcd's databases small and warns before they are full: in the server beside etcd's leader, since a lease could not
/// be renewed in an etcd that is full. One loop, one member at a time. What the store forgets (its compaction) is freed
/// for new data by etcd at once, on disk only by a defragmentation.
/// </summary>
/// <param name="own">This machine's member.</param>
/// <param name="store">Forgets its history when there is no space.</param>
public sealed partial class EtcdUpkeep(EtcdCluster cluster, Uri own, IStore store, UpkeepOptions options, TimeProvider time, ILogger<EtcdUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan WarnAgain = TimeSpan.FromHours(1);

    // What has helped nothing is not done again at once, unless as much was freed since.
    private static readonly TimeSpan MakeRoomAgain = TimeSpan.FromMinutes(10);
    private const double FreedPart = 0.05;

    // Nobody waits for its place: another server that does sees to it sooner.
    private static readonly TimeSpan LearnerPatience = TimeSpan.FromMinutes(2);

    private readonly EtcdSpace space = new(cluster);
    private readonly StaleLearners learners = new(LearnerPatience, time);
    private long? warnedAt;
    private long? fullSince;
    private (long At, long InUse)? stuck;

    /// <summary>Gets a sentence when space is scarce, now and then.</summary>
    public Action<string>? Warn { get; set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        do
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (StorageException failure)
            {
                Log.Failed(logger, failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var report = await cluster.ListAsync(cancellationToken);
        if (!report.HasQuorum || report.Leader is not { } leader || leader.Id != await cluster.IdentifyAsync(own, cancellationToken))
        {
            return;
        }

        if (await space.IsFullAsync(cancellationToken))
        {
            if (stuck is not { } last || time.GetElapsedTime(last.At) >= MakeRoomAgain || InUse(report) < last.InUse * (1 - FreedPart))
            {
                await MakeRoomAsync(cancellationToken);
            }

            return;
        }

        foreach (var learner in learners.In(report))
        {
            Log.LearnerSilent(logger, learner.Title, learner.Problem!);
            await cluster.RemoveAsync(learner.Id, cancellationToken);
        }

        WarnOf(leader.Status!);
        if (Defragmentation.Next(report, options) is { } member)
        {
            await DefragmentAsync(member, cancellationToken);
        }
    }

    // etcd takes writes again only when it is told so.
    private async Task MakeRoomAsync(CancellationToken cancellationToken)
    {
        Log.Full(logger);
        fullSince ??= time.GetTimestamp();
        await store.CompactAsync(store.Current, cancellationToken);
        var report = await cluster.ListAsync(cancellationToken);
        foreach (var member in Defragmentation.InNeed(report))
        {
            await DefragmentAsync(member, cancellationToken);
        }

        report = await cluster.ListAsync(cancellationToken);
        stuck = null;
        // One that stays just below its quota is full again at the next write that does not fit.
        if (report.Members.FirstOrDefault(member => member.Status?.DatabaseBytes > options.QuotaBytes * (1 - FreedPart)) is { } full)
        {
            if (time.GetElapsedTime(fullSince.Value) < options.TimeToForget)
            {
                return;
            }

            stuck = (time.GetTimestamp(), InUse(report));
            Say($"etcd is full and takes no writes: {full.Title} really holds {Mebibytes(full.Status!.BytesInUse)} of {Mebibytes(options.QuotaBytes)} MiB. Start every server again with a larger --etcd-quota, then delete what is not needed.");
            return;
        }

        await space.DisarmAsync(cancellationToken);
        fullSince = null;
        Log.HasRoom(logger);
    }

    private async Task DefragmentAsync(EtcdMember member, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        var before = member.Status!.DatabaseBytes;
        await space.DefragmentAsync(member, options.DefragmentTimeout, cancellationToken);
        var now = (await cluster.ListAsync(cancellationToken)).Find(member.Id)?.Status?.DatabaseBytes ?? before;
        Log.Defragmented(logger, member.Title, Mebibytes(before), Mebibytes(now), (long)time.GetElapsedTime(begun).TotalMilliseconds);
    }

    private static long InUse(ClusterReport report) => report.Members.Max(member => member.Status?.BytesInUse ?? 0);

    private void WarnOf(MemberStatus leader)
    {
        if (leader.BytesInUse >= options.QuotaBytes * options.WarningPart && (warnedAt is not { } at || time.GetElapsedTime(at) >= WarnAgain))
        {
            warnedAt = time.GetTimestamp();
            Say($"etcd will soon be full: {Mebibytes(leader.BytesInUse)} of {Mebibytes(options.QuotaBytes)} MiB are in use, and at the end it takes no writes. Delete what is not needed, or start every server again with a larger --etcd-quota.");
        }
    }

    private void Say(string warning)
    {
        Log.Scarce(logger, warning);
        Warn?.Invoke(warning);
    }

    private static string Mebibytes(long bytes) => (bytes / (1024.0 * 1024)).ToString("0.#", CultureInfo.InvariantCulture);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
        public static partial void Scarce(ILogger logger, string warning);

        [LoggerMessage(Level = LogLevel.Warning, Message = "etcd's learner {Name} {Why} for two minutes and is taken out: its server has to join again")]
        public static partial void LearnerSilent(ILogger logger, string name, string why);

        [LoggerMessage(Level = LogLevel.Error, Message = "etcd has no space left and takes no writes: forgetting history and defragmenting")]
        public static partial void Full(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "etcd has space again and takes writes")]
        public static partial void HasRoom(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Defragmented etcd's member {Name}: {Before} MiB are {After} MiB now, in {Milliseconds} ms")]
        public static partial void Defragmented(ILogger logger, string name, string before, string after, long milliseconds);

        [LoggerMessage(Level = LogLevel.Warning, Message = "etcd could not be looked after: {Why}")]
        public static partial void Failed(ILogger logger, string why);
    }
}
