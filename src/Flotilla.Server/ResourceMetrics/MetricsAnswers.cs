using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Server.Nodes;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.ResourceMetrics;

/// <summary>Answers <c>metrics.k8s.io</c>: the nodes and pods that a request selects, each with what its node says it uses.</summary>
public sealed class MetricsAnswers
{
    private readonly ObjectStore objects;
    private readonly ResourceReads reads;
    private readonly UsageReader usage;
    private readonly TimeProvider time;

    internal MetricsAnswers(ObjectStore objects, ResourceReads reads, UsageReader usage, TimeProvider time)
    {
        this.objects = objects;
        this.reads = reads;
        this.usage = usage;
        this.time = time;
    }

    public async Task<ApiAnswer> AnswerAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        if (request.Method is not ("GET" or "HEAD"))
        {
            throw Failures.MethodNotAllowed();
        }

        var representation = Representation.Negotiate(request.Accept, protobuf: false);
        var table = new TableBuilder(path.Kind, request["includeObject"], representation.MetaVersion, time);
        var revision = objects.Store.Current;
        if (path.Name is not null)
        {
            var found = await FindAsync(path, cancellationToken);
            return representation.Answer(representation.Shape == Shape.Table ? table.Table([found], new ListPage(revision, [], null, null)) : found);
        }

        // Paging is not offered: what is measured is one moment.
        var query = ListQuery.Parse(request, path with { Kind = SourceOf(path) }) with { Limit = 0, Continue = null, Match = null, ResourceVersion = null, Watch = false };
        var selected = await reads.ReadPageAsync(query, cancellationToken);
        var items = await MeasureAsync(path, selected.Entries, cancellationToken);
        return representation.Answer(representation.Shape == Shape.Table ? table.Table(items, new ListPage(revision, [], null, null)) : List(path.Kind, items));
    }

    private async Task<JsonObject> FindAsync(ResourcePath path, CancellationToken cancellationToken)
    {
        try
        {
            var source = await objects.GetAsync(SourceOf(path), path.Key, cancellationToken);
            return (await MeasureAsync(path, [source], cancellationToken)).FirstOrDefault() ?? throw Missing(path);
        }
        catch (Api.ApiException unknown) when (unknown.IsNotFound)
        {
            throw Missing(path);
        }
    }

    private static Kind SourceOf(ResourcePath path) => path.Kind == MetricsKinds.NodeMetrics ? CoreKinds.Node : CoreKinds.Pod;

    private static Api.ApiException Missing(ResourcePath path) => Failures.Of(
        404,
        "NotFound",
        $"{path.Kind.Name.ToLowerInvariant()}.{MetricsKinds.GroupName} \"{(path.Namespace is null ? path.Name : $"{path.Namespace}/{path.Name}")}\" not found",
        new k8s.Models.V1StatusDetails { Group = MetricsKinds.GroupName, Kind = path.Kind.Name.ToLowerInvariant(), Name = path.Name });

    private static JsonObject List(Kind kind, IReadOnlyList<JsonObject> items)
    {
        foreach (var item in items)
        {
            item.Remove("kind");
            item.Remove("apiVersion");
        }

        return new JsonObject
        {
            ["kind"] = kind.ListName,
            ["apiVersion"] = kind.Identity.ApiVersion,
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. items]),
        };
    }

    private Task<IReadOnlyList<JsonObject>> MeasureAsync(ResourcePath path, IReadOnlyList<StoredEntry> entries, CancellationToken cancellationToken)
    {
        var sources = entries.Select(entry => ObjectStore.Decode(SourceOf(path), entry.Value, entry.Modified)).ToList();
        return path.Kind == MetricsKinds.NodeMetrics ? MeasureNodesAsync(sources, cancellationToken) : MeasurePodsAsync(sources, cancellationToken);
    }

    private async Task<IReadOnlyList<JsonObject>> MeasureNodesAsync(List<JsonObject> nodes, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(nodes.Select(node => ReadAsync(NodeAddress.Of(node), cancellationToken)));
        return [.. nodes.Zip(answers).Where(pair => pair.Second?.Node is not null).Select(pair => MetricsObjects.OfNode(pair.First, pair.Second!.Node!, time.GetUtcNow()))];
    }

    private async Task<IReadOnlyList<JsonObject>> MeasurePodsAsync(List<JsonObject> pods, CancellationToken cancellationToken)
    {
        var names = pods.Select(pod => pod.Object("spec").String("nodeName")).OfType<string>().Distinct(StringComparer.Ordinal);
        var answers = await Task.WhenAll(names.Select(name => ReadNamedAsync(name, cancellationToken)));
        var byUid = answers.OfType<NodeUsage>().SelectMany(answer => answer.Pods).GroupBy(pod => pod.Uid, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        return
        [
            .. pods.Select(pod => (Pod: pod, Usage: byUid.GetValueOrDefault(pod.Object("metadata").String("uid") ?? "")))
                .Where(pair => pair.Usage is { Containers.Count: > 0 })
                .Select(pair => MetricsObjects.OfPod(pair.Pod, pair.Usage!, time.GetUtcNow())),
        ];
    }

    private async Task<NodeUsage?> ReadNamedAsync(string node, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(await NodeAddress.FindAsync(objects, node, cancellationToken), cancellationToken);
        }
        catch (Api.ApiException unknown) when (unknown.IsNotFound || unknown.Code == 503)
        {
            return null;
        }
    }

    private Task<NodeUsage?> ReadAsync(NodeAddress? node, CancellationToken cancellationToken) =>
        node is null ? Task.FromResult<NodeUsage?>(null) : usage.ReadAsync(node, cancellationToken);
}
