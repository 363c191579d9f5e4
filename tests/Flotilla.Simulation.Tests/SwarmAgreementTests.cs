using System.Globalization;
using Flotilla.Simulation.Tests.Agreement;

namespace Flotilla.Simulation.Tests;

/// <summary>
/// The Docker API and the Kubernetes API tell the same of a swarm at every moment of a random life, in which its server
/// restarts too. FLOTILLA_AGREEMENT_SEED repeats a life as far as the order of steps goes.
/// </summary>
public sealed class SwarmAgreementTests(ITestOutputHelper output)
{
    private const int Steps = 150;
    private const int StepsToRestart = 50;
    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("FLOTILLA_AGREEMENT_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : Environment.TickCount & int.MaxValue;

    [Fact]
    public async Task Docker_and_Kubernetes_agree_at_every_moment_of_a_random_life()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        await using var swarm = await SimulatedSwarm.StartAsync();
        var observer = new Observer(swarm.Docker, swarm.KubernetesAsync);
        observer.Note($"seed {Seed}");
        var user = new RandomSwarm(swarm.Docker, random, new RandomSwarmOptions("one", ["run"], "two", MostServices: 4, MostReplicas: 6, LongestDelay: 20, swarm.KillAsync));
        using var stop = new CancellationTokenSource();
        var watching = observer.WatchAsync(stop.Token);
        for (var step = 1; step <= Steps; step++)
        {
            await observer.DoAsync(user.StepAsync);
            if (random.Next(3) == 0)
            {
                await observer.CompareAsync();
            }

            if (step % StepsToRestart == 0)
            {
                observer.Note("restart");
                await swarm.RestartAsync();
            }

            observer.Check();
        }

        await user.ActivateAsync();
        await observer.SettleAsync();
        await stop.CancelAsync();
        await watching;
        observer.Check();
        output.WriteLine($"{Steps} steps, {observer.Moments} moments compared");
    }
}
