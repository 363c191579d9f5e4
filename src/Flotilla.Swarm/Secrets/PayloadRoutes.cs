using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Docker;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Secrets;

/// <summary>The routes that secrets and configs share; what they are kept as differs.</summary>
internal abstract class PayloadRoutes<T>(SwarmContext context, string noun, int longest)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    public IEnumerable<Route> All =>
    [
        new("GET", $"/{noun}s", ListAsync),
        new("POST", $"/{noun}s/create", CreateAsync),
        new("GET", $"/{noun}s/{{id}}", InspectAsync),
        new("POST", $"/{noun}s/{{id}}/update", UpdateAsync),
        new("DELETE", $"/{noun}s/{{id}}", RemoveAsync),
    ];

    protected abstract Informer<T> In(SwarmInformers known);

    protected abstract T Make(V1ObjectMeta metadata, byte[] data);

    protected abstract byte[]? DataOf(T value);

    protected abstract T With(T value, IDictionary<string, string> annotations, byte[] data);

    protected abstract JsonObject Show(T value);

    private async Task<DockerAnswer> ListAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = noun == "secret" ? Filters.Parse(request.Query("filters"), "names", "name", "id", "label") : Filters.Parse(request.Query("filters"), "name", "id", "label");
        var known = await context.ManagerAsync(cancellationToken);
        return DockerAnswer.Json(WireJson.Array(In(known).List().Where(value => Payload.Matches(value, filters)).Select(Show)));
    }

    private async Task<DockerAnswer> InspectAsync(DockerRequest request, CancellationToken cancellationToken) =>
        DockerAnswer.Json(Show(Find(await context.ManagerAsync(cancellationToken), request.Id)));

    private async Task<DockerAnswer> CreateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        var spec = await request.BodyAsync(cancellationToken);
        if (spec["Driver"] is JsonObject { Count: > 0 })
        {
            throw DockerException.BadRequest($"drivers of {noun}s are plugins, which nodes here have none of");
        }

        PayloadTemplates.Check(noun, spec);
        var value = Make(Payload.MetadataFor(noun, context.Options.Namespace, spec), Payload.Check(noun, spec, longest));
        try
        {
            var created = await context.Client.CreateAsync(value, cancellationToken);
            return DockerAnswer.Json(new JsonObject { ["ID"] = SwarmInformers.IdOf(created) }, 201);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            throw new DockerException(409, $"rpc error: code = AlreadyExists desc = {noun} {Payload.NameOf(value)} already exists");
        }
    }

    private async Task<DockerAnswer> UpdateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var index = request.VersionIndex;
        var known = await context.ManagerAsync(cancellationToken);
        var spec = await request.BodyAsync(cancellationToken);
        var current = Find(known, request.Id);
        if (current.Version() != index)
        {
            throw DockerException.OutOfSequence();
        }

        Payload.CheckUpdate(current, spec, DataOf(current));
        var data = Payload.DataOf(spec) is { Length: > 0 } sent ? Payload.Check(noun, spec, longest) : DataOf(current) ?? [];
        try
        {
            var written = await context.Client.UpdateAsync(With(current, Payload.AnnotationsFor(spec, current.Metadata.Annotations, context.Now), data), cancellationToken);
            if (!data.AsSpan().SequenceEqual(DataOf(current)))
            {
                await PayloadUsers.RestartAsync(context, known, SwarmInformers.IdOf(current), cancellationToken);
            }

            return DockerAnswer.Ok();
        }
        catch (ApiException conflict) when (conflict.IsConflict)
        {
            throw DockerException.OutOfSequence();
        }
    }

    private async Task<DockerAnswer> RemoveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        var value = Find(known, request.Id);
        Payload.CheckUnused(noun, SwarmInformers.IdOf(value), Payload.NameOf(value), known);
        await context.Client.DeleteAsync<T>(value.Key(), null, cancellationToken);
        return DockerAnswer.NoContent();
    }

    private T Find(SwarmInformers known, string word) =>
        Lookup.Find(noun, word, [.. In(known).List().Where(value => value.Metadata.DeletionTimestamp is null)], value => SwarmInformers.IdOf(value), value => Payload.NameOf(value));
}

/// <summary><c>docker secret</c>: Secrets, whose data nobody gets back.</summary>
internal sealed class SecretRoutes(SwarmContext context) : PayloadRoutes<V1Secret>(context, "secret", longest: 500 * 1024)
{
    protected override Informer<V1Secret> In(SwarmInformers known) => known.Secrets;

    protected override V1Secret Make(V1ObjectMeta metadata, byte[] data) =>
        new() { ApiVersion = "v1", Kind = "Secret", Metadata = metadata, Data = new Dictionary<string, byte[]> { [Payload.Key] = data } };

    protected override byte[]? DataOf(V1Secret value) => value.Data?.TryGetValue(Payload.Key, out var data) == true ? data : null;

    protected override V1Secret With(V1Secret value, IDictionary<string, string> annotations, byte[] data) =>
        value with { ApiVersion = "v1", Kind = "Secret", Metadata = value.Metadata with { Annotations = annotations }, Data = new Dictionary<string, byte[]> { [Payload.Key] = data } };

    protected override JsonObject Show(V1Secret value) => Payload.Of(value);
}

/// <summary><c>docker config</c>: ConfigMaps.</summary>
internal sealed class ConfigRoutes(SwarmContext context) : PayloadRoutes<V1ConfigMap>(context, "config", longest: 1000 * 1024)
{
    protected override Informer<V1ConfigMap> In(SwarmInformers known) => known.Configs;

    protected override V1ConfigMap Make(V1ObjectMeta metadata, byte[] data) =>
        new() { ApiVersion = "v1", Kind = "ConfigMap", Metadata = metadata, BinaryData = new Dictionary<string, byte[]> { [Payload.Key] = data } };

    public static byte[]? Data(V1ConfigMap value) =>
        value.BinaryData?.TryGetValue(Payload.Key, out var data) == true ? data
        : value.Data?.TryGetValue(Payload.Key, out var text) == true ? System.Text.Encoding.UTF8.GetBytes(text)
        : null;

    protected override byte[]? DataOf(V1ConfigMap value) => Data(value);

    protected override V1ConfigMap With(V1ConfigMap value, IDictionary<string, string> annotations, byte[] data) =>
        value with { ApiVersion = "v1", Kind = "ConfigMap", Metadata = value.Metadata with { Annotations = annotations }, Data = null, BinaryData = new Dictionary<string, byte[]> { [Payload.Key] = data } };

    protected override JsonObject Show(V1ConfigMap value)
    {
        var shown = Payload.Of(value);
        shown["Spec"]!["Data"] = Convert.ToBase64String(DataOf(value) ?? []);
        return shown;
    }
}
