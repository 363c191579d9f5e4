using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Linux.Commands;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flotilla.Engine.Networks;

/// <summary>
/// Containers whose place in the swarm's networks went while they run: its pod was deleted, or made anew. Their addresses may be somebody else's at any time,
/// so that the link is cut at once; then they get another place, as soon as the cluster gives one.
/// </summary>
internal sealed partial class LostPlaces(ContainerStore containers, ContainerNetworks links, SwarmPlaces places, ContainerFiles files, TimeProvider time, ILogger<LostPlaces> logger) : IDisposable
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim cut = new(1);

    /// <summary>Until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(CutAllAsync(cancellationToken), RejoinAllAsync(cancellationToken));

    public void Dispose() => cut.Dispose();

    private async Task CutAllAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await places.MovedAsync(cancellationToken);
            foreach (var container in containers.All.ToList())
            {
                await WithGateAsync(container, () => CutAsync(container, cancellationToken), cancellationToken);
            }
        }
    }

    private async Task CutAsync(Container container, CancellationToken cancellationToken)
    {
        if (SwarmsOf(container).FirstOrDefault(endpoint => endpoint.Address.Length > 0) is { } endpoint && !await places.IsThereAsync(container, endpoint, cancellationToken))
        {
            await files.FollowAsync(container, () => links.CutAsync(container, cancellationToken), cancellationToken);
            container.Save();
            Log.Lost(logger, container.Record.Name);
            if (cut.CurrentCount == 0)
            {
                cut.Release();
            }
        }
    }

    private async Task RejoinAllAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.WhenAll(containers.All.Where(HasLost).Select(container => WithGateAsync(container, () => RejoinAsync(container, cancellationToken), cancellationToken)));
            if (containers.All.Any(HasLost))
            {
                await Task.Delay(TryAgain, time, cancellationToken);
            }
            else
            {
                await cut.WaitAsync(cancellationToken);
            }
        }
    }

    private async Task RejoinAsync(Container container, CancellationToken cancellationToken)
    {
        if (HasLost(container))
        {
            await files.FollowAsync(container, () => links.RejoinAsync(container, cancellationToken), cancellationToken);
            container.Save();
            Log.Found(logger, container.Record.Name);
        }
    }

    private static bool HasLost(Container container) => SwarmsOf(container).Any(endpoint => endpoint.Address.Length == 0);

    private static IEnumerable<EndpointRecord> SwarmsOf(Container container) => container.Record.State.IsRunning ? container.Record.Networks.Values.Where(SwarmPlaces.IsSwarms) : [];

    private async Task WithGateAsync(Container container, Func<Task> changeAsync, CancellationToken cancellationToken)
    {
        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            await changeAsync();
        }
        catch (Exception failure) when (failure is DockerException or CommandException or RpcException or IOException)
        {
            Log.Waits(logger, container.Record.Name, failure.Message);
        }
        finally
        {
            container.Gate.Release();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Container {Name} lost its place in networks of the swarm; it gets another one")]
        public static partial void Lost(ILogger logger, string name);

        [LoggerMessage(Level = LogLevel.Information, Message = "Container {Name} is in its networks of the swarm again")]
        public static partial void Found(ILogger logger, string name);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Container {Name} is in no network of the swarm at present: {Reason}")]
        public static partial void Waits(ILogger logger, string name, string reason);
    }
}
