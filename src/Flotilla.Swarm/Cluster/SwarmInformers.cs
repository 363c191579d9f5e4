using Flotilla.Api;
using Flotilla.Client;
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

    public SwarmInformers(InformerSet informers)
    {
        Swarms = informers.Of<SwarmObject>();
        Services = informers.Of<SwarmService>();
        Networks = informers.Of<SwarmNetworkObject>();
        Pods = informers.Of<V1Pod>();
        Nodes = informers.Of<V1Node>();
        Secrets = informers.Of<V1Secret>(new ListScope(LabelSelector: $"{SwarmApi.Managed}=secret"));
        Configs = informers.Of<V1ConfigMap>(new ListScope(LabelSelector: $"{SwarmApi.Managed}=config"));
        KubernetesServices = informers.Of<V1Service>();
        Autoscalers = informers.Of<V2HorizontalPodAutoscaler>(new ListScope(LabelSelector: $"{SwarmApi.Managed}=autoscaler"));
        ServerSlices = informers.Of<V1EndpointSlice>();
        Pods.AddIndex(ByOwner, pod => OwnerOf(pod) is { } owner ? [$"{pod.Metadata.NamespaceProperty}/{owner.Name}"] : []);
        Pods.AddIndex(ByService, pod => pod.Metadata.Labels?.TryGetValue(SwarmApi.ServiceIdLabel, out var id) == true ? [id] : []);
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

    public Task WaitForSyncAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Swarms.WaitForSyncAsync(cancellationToken), Services.WaitForSyncAsync(cancellationToken), Networks.WaitForSyncAsync(cancellationToken),
        Pods.WaitForSyncAsync(cancellationToken), Nodes.WaitForSyncAsync(cancellationToken), Secrets.WaitForSyncAsync(cancellationToken),
        Configs.WaitForSyncAsync(cancellationToken), KubernetesServices.WaitForSyncAsync(cancellationToken), ServerSlices.WaitForSyncAsync(cancellationToken), Autoscalers.WaitForSyncAsync(cancellationToken));

    /// <summary>An object's id in Docker's form.</summary>
    public static string IdOf(IKubernetesObject<V1ObjectMeta> value) => SwarmId.Of(value.Metadata.Uid);
}
