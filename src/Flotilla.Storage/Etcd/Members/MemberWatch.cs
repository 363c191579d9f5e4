using Flotilla.Storage.Etcd.Running;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd.Members;

/// <summary>
/// Looks after the members: who asks etcd is told when they change, and the log when one fails or the quorum is lost. One
/// loop; <see cref="Latest"/> may be read from any thread.
/// </summary>
/// <param name="own">This machine's member, which is asked first.</param>
/// <param name="changed">Gets the addresses to ask: the local one, then the others.</param>
public sealed partial class MemberWatch(EtcdCluster cluster, EtcdMemberOptions own, Action<IReadOnlyList<Uri>> changed, TimeProvider time, ILogger<MemberWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private ClusterReport? latest;
    private string? problem;
    private IReadOnlyList<Uri> known = [];

    /// <summary>As of a few seconds ago; null: nobody has answered yet.</summary>
    public ClusterReport? Latest => Volatile.Read(ref latest);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                Take(await cluster.ListAsync(stoppingToken));
            }
            catch (StorageException silent)
            {
                Report(silent.Message, isLost: true);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Take(ClusterReport report)
    {
        Volatile.Write(ref latest, report);
        Report(report.Problem, !report.HasQuorum);
        List<Uri> addresses = [own.LocalAddress, .. report.Members.Where(member => member.Name != own.Name).SelectMany(member => member.ClientAddresses)];
        if (!addresses.SequenceEqual(known))
        {
            known = addresses;
            cluster.UseEndpoints(addresses);
            changed(addresses);
        }
    }

    private void Report(string? now, bool isLost)
    {
        if (now == problem)
        {
            return;
        }

        problem = now;
        if (now is null)
        {
            Log.Well(logger);
        }
        else if (isLost)
        {
            Log.Lost(logger, now);
        }
        else
        {
            Log.Degraded(logger, now);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "All members of etcd are well")]
        public static partial void Well(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem}")]
        public static partial void Degraded(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Problem}")]
        public static partial void Lost(ILogger logger, string problem);
    }
}
