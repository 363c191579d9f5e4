using System.Text.Json.Nodes;
using Flotilla.Api;

namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>Compares the two APIs again and again while others change the swarm, and keeps what happened for who has to explain a difference.</summary>
internal sealed class Observer(DockerApi docker, Func<string, Task<JsonNode>> kubernetes)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    // Others want to work too.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private readonly Lock gate = new();
    private readonly List<string> history = [];
    private readonly TaskProgress progress = new();
    private readonly SemaphoreSlim looking = new(1);
    private string? failure;

    /// <summary>Moments that could be compared.</summary>
    public int Moments { get; private set; }

    public void Note(string step)
    {
        lock (gate)
        {
            history.Add(step);
        }
    }

    /// <summary>Until cancelled; a server that is away is waited for.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested && failure is null)
        {
            try
            {
                await LookAsync();
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception away) when (away is HttpRequestException or IOException or InvalidOperationException or ApiException or OperationCanceledException)
            {
                Note($"  (not answered: {away.Message})");
                await Task.Delay(5 * Pause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Until one moment could be compared.</summary>
    public async Task<ClusterMoment> CompareAsync()
    {
        var until = DateTime.UtcNow + Patience;
        while (true)
        {
            if (await LookAsync() is { } moment)
            {
                return moment;
            }

            Assert.True(DateTime.UtcNow < until, Tell("nothing stands still"));
        }
    }

    /// <summary>Until the swarm is as its services say.</summary>
    public async Task SettleAsync()
    {
        var until = DateTime.UtcNow + Patience;
        while (true)
        {
            var moment = await CompareAsync();
            var open = Settled.Missing(moment).ToList();
            if (open.Count == 0)
            {
                return;
            }

            Assert.True(DateTime.UtcNow < until, Tell("it does not settle: " + string.Join("; ", open)));
            await Task.Delay(20);
        }
    }

    public void Check() => Assert.True(failure is null, failure);

    /// <summary>Does something; when it fails, with what happened before.</summary>
    public async Task DoAsync(Func<Task<string>> act)
    {
        try
        {
            Note(await act());
        }
        catch (Exception error)
        {
            throw new InvalidOperationException(Tell(error.Message), error);
        }
    }

    private async Task<ClusterMoment?> LookAsync()
    {
        Check();
        await looking.WaitAsync();
        try
        {
            if (await ClusterMoment.LookAsync(docker, kubernetes) is not { } moment)
            {
                return null;
            }

            Moments++;
            string[] wrong = [.. Disagreements.In(moment), .. progress.Backwards(moment)];
            if (wrong.Length > 0)
            {
                failure = Tell(string.Join('\n', wrong));
            }

            Check();
            return moment;
        }
        finally
        {
            looking.Release();
        }
    }

    private string Tell(string what)
    {
        lock (gate)
        {
            return $"{what}\nafter:\n{string.Join('\n', history)}";
        }
    }
}
