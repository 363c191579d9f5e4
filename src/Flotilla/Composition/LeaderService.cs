using System.Security.Cryptography;
using System.Text;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>
/// Runs a component in one server of several, the one that holds its lease. Who comes back after a crash has the
/// identity of before, and so the lease: nobody waits for it to run out.
/// </summary>
internal sealed class LeaderService : BackgroundService
{
    // Where others wait to lead, they look as often as this.
    private static readonly TimeSpan RetryAmongSeveral = TimeSpan.FromSeconds(1);

    private readonly BackgroundService component;
    private readonly LeadershipFence fence;
    private readonly string identity;
    private readonly LeaderElection election;

    /// <param name="name">Of the lease, as upstream's component is called.</param>
    /// <param name="client">Not the component's own, whose writes count only once it leads.</param>
    /// <param name="isGone">Whether a server of this name is known to have died; null: there are no others.</param>
    public LeaderService(
        BackgroundService component, LeadershipFence fence, string name, string identity, Func<string, bool>? isGone, IObjectClient client, TimeProvider time, ILoggerFactory loggers)
    {
        this.component = component;
        this.fence = fence;
        this.identity = identity;
        var alone = new LeaderElectionOptions { Name = name, Identity = identity };
        var options = isGone is null ? alone : new LeaderElectionOptions { Name = name, Identity = identity, RetryPeriod = RetryAmongSeveral, IsGone = holder => isGone(ServerLeases.MachineOf(holder)) };
        election = new LeaderElection(client, options, RunAsync, time, loggers.CreateLogger<LeaderElection>());
    }

    /// <summary>The machine (<see cref="ServerLeases.MachineOf"/>), and what only this cluster's server on it has.</summary>
    public static string IdentityOf(string machine, string secret) =>
        $"{machine}_{new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{machine}\n{secret}")).AsSpan(0, 16))}";

    public override void Dispose()
    {
        election.Dispose();
        component.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await election.StartAsync(stoppingToken);
        await (election.ExecuteTask ?? Task.CompletedTask);
    }

    private async Task RunAsync(CancellationToken term)
    {
        await fence.RaiseAsync(identity, term);
        await component.StartAsync(term);
        try
        {
            await (component.ExecuteTask ?? Task.CompletedTask).WaitAsync(term);
        }
        finally
        {
            await component.StopAsync(CancellationToken.None);
        }
    }
}
