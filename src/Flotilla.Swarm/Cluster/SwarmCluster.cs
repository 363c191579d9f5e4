using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Definitions;
using k8s.Models;

namespace Flotilla.Swarm.Cluster;

/// <summary>
/// Swarm's kinds, which a cluster has from its first <c>docker swarm init</c> on: nobody pays for them unasked. Until
/// then nothing is watched but whether they appear.
/// </summary>
internal sealed class SwarmCluster
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private static readonly TimeSpan ServedWithin = TimeSpan.FromSeconds(30);

    private readonly IObjectClient client;
    private readonly InformerSet informers;
    private readonly TimeProvider time;
    private readonly Informer<V1CustomResourceDefinition> definitions;
    private readonly ConcurrentQueue<Action<SwarmInformers>> waiting = [];
    private readonly TaskCompletionSource<SwarmInformers> served = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SwarmCluster(IObjectClient client, InformerSet informers, TimeProvider time)
    {
        this.client = client;
        this.informers = informers;
        this.time = time;
        definitions = informers.Of<V1CustomResourceDefinition>(new ListScope(FieldSelector: $"metadata.name=swarms.{SwarmApi.Group}"));
        definitions.Subscribe(OnDefinition);
    }

    /// <summary>Called once, as soon as there are Swarm's kinds: now, or on the informer's thread.</summary>
    public void WhenServed(Action<SwarmInformers> act)
    {
        waiting.Enqueue(act);
        Tell();
    }

    /// <summary>null: there has never been a swarm here, or that is not known yet.</summary>
    public SwarmInformers? Known => served.Task.IsCompletedSuccessfully ? served.Task.Result : null;

    /// <summary>What is known when all that is committed now is; null: there has never been a swarm here.</summary>
    public async Task<SwarmInformers?> CatchUpAsync(NewestChanges newest, CancellationToken cancellationToken)
    {
        // A server that has just started has not looked yet.
        await definitions.WaitForSyncAsync(cancellationToken);
        if (Known is not { } known)
        {
            return null;
        }

        await known.WaitForSyncAsync(cancellationToken);
        await known.CatchUpAsync(newest, cancellationToken);
        return known;
    }

    /// <summary>As soon as there are Swarm's kinds and everything of them is known.</summary>
    public async Task<SwarmInformers> KnownAsync(CancellationToken cancellationToken)
    {
        var all = await served.Task.WaitAsync(cancellationToken);
        await all.WaitForSyncAsync(cancellationToken);
        return all;
    }

    /// <summary>Gives the cluster Swarm's kinds if it lacks them.</summary>
    public async Task<SwarmInformers> EnsureAsync(CancellationToken cancellationToken)
    {
        if (Known is null)
        {
            foreach (var definition in SwarmDefinitions.All())
            {
                try
                {
                    await client.SendAsync(HttpMethod.Post, Definitions, "application/json", ObjectJson.Encode(definition), cancellationToken);
                }
                catch (ApiException exists) when (exists.IsAlreadyExists)
                {
                    // From an earlier swarm, or another manager is faster.
                }
            }
        }

        return await KnownAsync(cancellationToken).WaitAsync(ServedWithin, time, cancellationToken);
    }

    /// <summary>Kinds that an earlier version defined get what this one adds.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        foreach (var definition in SwarmDefinitions.All())
        {
            var spec = new JsonObject { ["spec"] = definition["spec"]!.DeepClone() };
            await client.SendAsync(HttpMethod.Patch, $"{Definitions}/{definition["metadata"]!["name"]}", "application/merge-patch+json", ObjectJson.Encode(spec), cancellationToken);
        }
    }

    private void Tell()
    {
        while (Known is { } known && waiting.TryDequeue(out var act))
        {
            act(known);
        }
    }

    private void OnDefinition(ObjectChange<V1CustomResourceDefinition> change)
    {
        if (change.New?.Status?.Conditions?.Any(condition => condition is { Type: "Established", Status: "True" }) == true && !served.Task.IsCompleted)
        {
            served.TrySetResult(new SwarmInformers(informers));
            Tell();
        }
    }
}
