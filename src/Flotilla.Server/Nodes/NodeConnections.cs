using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Client.Streams;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Server.Proxying;
using k8s.Models;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Nodes;

/// <summary>The way to the pods of all nodes for logs, exec, attach and port-forward: in process to this server's own node, over its server to any other.</summary>
public sealed class NodeConnections
{
    private const int MostOfAnError = 4096;
    private readonly ObjectStore objects;
    private readonly NodeClient client;
    private readonly Forwarder forwarder;

    internal NodeConnections(ObjectStore objects, NodeClient client, Forwarder forwarder)
    {
        this.objects = objects;
        this.client = client;
        this.forwarder = forwarder;
    }

    /// <summary>Set by the composition once the node of this process runs.</summary>
    public LocalStreams? Local { get; set; }

    /// <summary>The streams of this process's own node; null: the pod is elsewhere.</summary>
    public INodeStreams? StreamsOf(PodPlace place) => Local is { } local && local.Node == place.Node ? local.Streams : null;

    /// <summary>Passes a request on to the pod's node, upgrades included.</summary>
    /// <param name="verb">As the node's server calls it, e.g. <c>exec</c>.</param>
    public async Task ForwardAsync(HttpContext context, PodPlace place, string verb) =>
        await forwarder.SendAsync(context, new ForwardTarget(await PrefixAsync(place, context.RequestAborted), PathOf(place, verb), client.Connections));

    /// <summary>The container's log from another node; an answer that is none throws before the first byte.</summary>
    public async Task LogsAsync(PodPlace place, string query, Stream destination, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{await PrefixAsync(place, cancellationToken)}{PathOf(place, "containerLogs").ToUriComponent()}{query}");
        HttpResponseMessage answer;
        try
        {
            answer = await client.Connections.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException failure)
        {
            throw Failures.Unavailable($"node {place.Node} does not answer: {failure.InnerException?.Message ?? failure.Message}");
        }

        using (answer)
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                using var reader = new StreamReader(body);
                var text = new char[MostOfAnError];
                var length = await reader.ReadBlockAsync(text, cancellationToken);
                throw new ApiException(new V1Status { Status = "Failure", Code = (int)answer.StatusCode, Reason = answer.StatusCode.ToString(), Message = new string(text, 0, length).Trim() });
            }

            await body.CopyToAsync(destination, cancellationToken);
        }
    }

    /// <summary>A connection to a node's Docker API.</summary>
    /// <exception cref="ApiException">There is no such node, or it is not connected.</exception>
    public async Task<HalfClosingSocket> DockerAsync(string node, CancellationToken cancellationToken)
    {
        var address = await NodeAddress.FindAsync(objects, node, cancellationToken);
        var socket = new ClientWebSocket();
        try
        {
            await socket.ConnectAsync(new Uri($"wss://{address.Authority}{NodePaths.Docker}"), client.Connections, cancellationToken);
            return new HalfClosingSocket(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Where a pod is.</summary>
    public async Task<PodPlace> PlaceAsync(ResourcePath path, CancellationToken cancellationToken)
    {
        var entry = await objects.GetAsync(CoreKinds.Pod, path.Key, cancellationToken);
        var spec = ObjectStore.Decode(CoreKinds.Pod, entry.Value, entry.Modified).Object("spec");
        return new PodPlace(new PodTarget(path.Namespace!, path.Name!), spec.String("nodeName") ?? "");
    }

    /// <summary>Which container is meant; the answers are upstream's where it cannot be said.</summary>
    public async Task<PodPlace> PlaceAsync(ResourcePath path, string? container, CancellationToken cancellationToken)
    {
        var entry = await objects.GetAsync(CoreKinds.Pod, path.Key, cancellationToken);
        var pod = ObjectStore.Decode(CoreKinds.Pod, entry.Value, entry.Modified);
        var spec = pod.Object("spec");
        var names = spec.Objects("containers").Select(item => item.String("name")!).ToList();
        var initial = spec.Objects("initContainers").Select(item => item.String("name")!).ToList();
        var ephemeral = spec.Objects("ephemeralContainers").Select(item => item.String("name")!).ToList();
        if (string.IsNullOrEmpty(container))
        {
            if (names.Count != 1)
            {
                var others = initial.Count > 0 ? $" or one of the init containers: [{string.Join(' ', initial)}]" : "";
                throw Failures.BadRequest($"a container name must be specified for pod {path.Name}, choose one of: [{string.Join(' ', names)}]{others}");
            }

            container = names[0];
        }
        else if (!names.Concat(initial).Concat(ephemeral).Contains(container))
        {
            throw Failures.BadRequest($"container {container} is not valid for pod {path.Name}");
        }

        return spec.String("nodeName") is { Length: > 0 } node
            ? new PodPlace(new PodTarget(path.Namespace!, path.Name!, container), node)
            : throw Failures.BadRequest($"pod {path.Name} does not have a host assigned");
    }

    private async Task<string> PrefixAsync(PodPlace place, CancellationToken cancellationToken)
    {
        if (place.Node.Length == 0)
        {
            throw Failures.BadRequest($"pod {place.Target.Pod} does not have a host assigned");
        }

        var address = await NodeAddress.FindAsync(objects, place.Node, cancellationToken);
        return address.Port > 0
            ? string.Create(CultureInfo.InvariantCulture, $"https://{address.Authority}")
            : throw Failures.Unavailable($"node {place.Node} of this pod is not connected; try again when kubectl get nodes shows it Ready");
    }

    private static PathString PathOf(PodPlace place, string verb) =>
        new($"/{verb}/{place.Target.Namespace}/{place.Target.Pod}{(place.Target.Container is { } container ? $"/{container}" : "")}");
}

/// <summary>A pod, perhaps one of its containers, and the node it is on.</summary>
public sealed record PodPlace(PodTarget Target, string Node);

/// <summary>The node of this process.</summary>
public sealed record LocalStreams(string Node, INodeStreams Streams);
