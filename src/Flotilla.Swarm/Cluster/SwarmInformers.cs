using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Members;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Secrets;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Swarms;
using Flotilla.Docker;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Cluster;

/// <summary>What is known of a swarm, and of the cluster that it is.</summary>
internal sealed class SwarmInformers
{
    private const string ByService = "swarm-service";
    private const string ByOwner = "swarm-owner";

    private readonly List<Followed> all = [];
    private readonly ResourceType[] resources;

    public SwarmInformers(InformerSet informers)
    {
        Swarms = Follow<SwarmObject>();
        Services = Follow<SwarmService>();
        Networks = Follow<SwarmNetworkObject>();
        Pods = Follow<V1Pod>();
        Nodes = Follow<V1Node>();
        Secrets = Follow<V1Secret>(new ListScope(LabelSelector: $"{SwarmApi.Managed}=secret"));
        Configs = Follow<V1ConfigMap>(new ListScope(LabelSelector: $"{SwarmApi.Managed}=config"));
        KubernetesServices = Follow<V1Service>();
        Autoscalers = Follow<V2HorizontalPodAutoscaler>(new ListScope(LabelSelector: $"{SwarmApi.Managed}=autoscaler"));
        ServerSlices = Follow<V1EndpointSlice>();
        LeaderLeases = informers.Of<V1Lease>(new ListScope(ServerLeases.Namespace, FieldSelector: $"metadata.name={ServerLeases.Leader}"));
        resources = [.. all.Select(informer => informer.Resource)];
        Pods.AddIndex(ByOwner, pod => OwnerOf(pod) is { } owner ? [$"{pod.Metadata.NamespaceProperty}/{owner.Name}"] : []);
        Pods.AddIndex(ByService, pod => pod.Metadata.Labels?.TryGetValue(SwarmApi.ServiceIdLabel, out var id) == true ? [id] : []);

        Informer<T> Follow<T>(ListScope? scope = null)
            where T : class, IKubernetesObject<V1ObjectMeta>
        {
            var informer = informers.Of<T>(scope);
            all.Add(new Followed(ResourceType.Of<T>(), informer.WaitForSyncAsync, informer.ReachedAsync));
            return informer;
        }
    }

    public Informer<SwarmObject> Swarms { get; }

    public Informer<SwarmService> Services { get; }

    public Informer<SwarmNetworkObject> Networks { get; }

    public Informer<V1Pod> Pods { get; }

    public Informer<V1Node> Nodes { get; }

    public Informer<V1Secret> Secrets { get; }

    public Informer<V1ConfigMap> Configs { get; }

    public Informer<V1Service> KubernetesServices { get; }

    public Informer<V2HorizontalPodAutoscaler> Autoscalers { get; }

    public Informer<V1EndpointSlice> ServerSlices { get; }

    /// <summary>That of whoever leads the controllers, alone. It is renewed again and again, so nobody waits for its newest.</summary>
    public Informer<V1Lease> LeaderLeases { get; }

    /// <summary>The name of the server that leads; null: none does.</summary>
    public string? Leader => ServerLeases.LeaderOf(LeaderLeases.Get(new(ServerLeases.Namespace, ServerLeases.Leader)));

    /// <summary>The nodes that <c>docker node ls</c> lists: all that were not taken from the swarm.</summary>
    public IReadOnlyList<V1Node> Members => [.. Nodes.List().Where(node => !Membership.IsForgotten(node))];

    /// <summary>null: the cluster is not in swarm mode.</summary>
    public SwarmObject? Swarm => Swarms.Get(new(null, SwarmApi.Default)) is { Metadata.DeletionTimestamp: null } swarm ? swarm : null;

    /// <summary>Whether a secret or config, by its id, is to be filled in for every task.</summary>
    public bool IsTemplate(string id) =>
        Secrets.List().Any(secret => IdOf(secret) == id && PayloadTemplates.IsTemplate(secret)) || Configs.List().Any(config => IdOf(config) == id && PayloadTemplates.IsTemplate(config));

    public IReadOnlyList<V1Pod> TasksOf(SwarmService service) => TasksOf(IdOf(service));

    public IReadOnlyList<V1Pod> TasksOf(string serviceId) => Pods.ByIndex(ByService, serviceId);

    /// <summary>Pods of the service of that name, or of one before it.</summary>
    public IReadOnlyList<V1Pod> OwnedBy(ObjectKey service) => Pods.ByIndex(ByOwner, service.ToString());

    /// <summary>The Swarm service that an object belongs to.</summary>
    public static V1OwnerReference? OwnerOf(IKubernetesObject<V1ObjectMeta> value) =>
        value.Metadata.OwnerReferences?.FirstOrDefault(owner => owner is { Controller: true, Kind: "SwarmService", ApiVersion: SwarmApi.ApiVersion });

    public Task WaitForSyncAsync(CancellationToken cancellationToken) => Task.WhenAll([LeaderLeases.WaitForSyncAsync(cancellationToken), .. all.Select(informer => informer.SyncAsync(cancellationToken))]);

    /// <summary>Until all that is committed now is known.</summary>
    public async Task CatchUpAsync(NewestChanges newest, CancellationToken cancellationToken)
    {
        var versions = await newest(resources, cancellationToken);
        await Task.WhenAll(all.Zip(versions, (informer, version) => informer.ReachAsync(version, cancellationToken)));
    }

    /// <summary>An object's id in Docker's form.</summary>
    public static string IdOf(IKubernetesObject<V1ObjectMeta> value) => SwarmId.Of(value.Metadata.Uid);

    private sealed record Followed(ResourceType Resource, Func<CancellationToken, Task> SyncAsync, Func<long, CancellationToken, Task> ReachAsync);
}
