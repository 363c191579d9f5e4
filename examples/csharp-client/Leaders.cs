using k8s;
using k8s.LeaderElection;
using k8s.LeaderElection.ResourceLock;

namespace CSharpClient;

/// <summary>Two candidates and one Lease: the second leads when the first lets go.</summary>
internal static class Leaders
{
    public static async Task RunAsync(Kubernetes client, string space, CancellationToken cancellationToken)
    {
        var order = new List<string>();
        foreach (var name in new[] { "first", "second" })
        {
            using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var elector = Candidate(client, space, name);
            elector.OnStartedLeading += () =>
            {
                order.Add(name);
                term.Cancel();
            };
            await elector.RunUntilLeadershipLostAsync(term.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        var lease = await client.CoordinationV1.ReadNamespacedLeaseAsync("leader", space, cancellationToken: cancellationToken);
        await Console.Out.WriteLineAsync($"leaders: {string.Join(", ", order)}; the lease is held by {lease.Spec.HolderIdentity}");
        await client.CoordinationV1.DeleteNamespacedLeaseAsync("leader", space, cancellationToken: cancellationToken);
    }

    private static LeaderElector Candidate(Kubernetes client, string space, string name) =>
        new(new LeaderElectionConfig(new LeaseLock(client, space, "leader", name))
        {
            LeaseDuration = TimeSpan.FromSeconds(2),
            RenewDeadline = TimeSpan.FromSeconds(1.5),
            RetryPeriod = TimeSpan.FromSeconds(0.5),
        });
}
