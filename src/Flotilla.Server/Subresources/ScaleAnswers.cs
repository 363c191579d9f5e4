using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Printing;
using Flotilla.Api.Schema;
using Flotilla.Api.Validation;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Subresources;

/// <summary>The <c>autoscaling/v1 Scale</c> view of anything with replicas.</summary>
public sealed class ScaleAnswers(ObjectStore objects)
{
    private static readonly ResourceKind Identity = new("autoscaling", "v1", "Scale");
    private static readonly Kind PatchTarget = new("autoscaling", "v1", "scales", "Scale", Scope.Namespaced);

    public async Task<ApiAnswer> AnswerAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        if (request.Method == "GET")
        {
            var present = await objects.GetAsync(path.Kind, path.Key, cancellationToken);
            return Representation.Negotiate(request.Accept).Answer(ScaleOf(path.Kind, ObjectStore.Decode(path.Kind, present.Value, present.Modified)));
        }

        ResourceWrites.CheckDryRun(request, request.Method == "PUT" ? "UpdateOptions" : "PatchOptions");
        Func<JsonObject, JsonObject> change;
        if (request.Method == "PUT")
        {
            var (body, _) = BodyReader.ReadObject(request, Identity, PatchTarget.Schema);
            change = _ => body;
        }
        else
        {
            var patch = PatchBody.Read(request);
            change = scale => patch.Apply(scale, PatchTarget, request["fieldValidation"]).Next;
        }

        var entry = await objects.ChangeAsync(path.Kind, path.Key, Subresource.ScaleName, ResourceWrites.Options(request), current => Resize(path, current, change(ScaleOf(path.Kind, current.Copy()))), cancellationToken);
        return Representation.Negotiate(request.Accept).Answer(ScaleOf(path.Kind, ObjectStore.Decode(path.Kind, entry.Value, entry.Modified)));
    }

    private static JsonObject Resize(ResourcePath path, JsonObject current, JsonObject scale)
    {
        var replicas = scale.Object("spec").Integer("replicas") ?? 0;
        if (replicas < 0)
        {
            throw Failures.Invalid("autoscaling", "Scale", path.Name!, [FieldError.Invalid("spec.replicas", JsonValue.Create(replicas), "must be greater than or equal to 0")]);
        }

        if (scale.Object("metadata").String("resourceVersion") is { Length: > 0 } version)
        {
            current.Child("metadata")["resourceVersion"] = version;
        }

        var parent = current;
        var names = PathOf(path.Kind, "specReplicasPath", "spec.replicas");
        foreach (var name in names[..^1])
        {
            parent = parent.Child(name);
        }

        parent[names[^1]] = replicas;
        return current;
    }

    internal static JsonObject ScaleOf(Kind kind, JsonObject item)
    {
        var metadata = item.Object("metadata");
        var own = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
        {
            if (metadata?[name] is { } value)
            {
                own[name] = value.DeepClone();
            }
        }

        var spec = new JsonObject();
        if (At(item, PathOf(kind, "specReplicasPath", "spec.replicas")).AsInteger() is { } wanted and not 0)
        {
            spec["replicas"] = wanted;
        }

        var status = new JsonObject { ["replicas"] = At(item, PathOf(kind, "statusReplicasPath", "status.replicas")).AsInteger() ?? 0 };
        if (SelectorOf(kind, item) is { Length: > 0 } selector)
        {
            status["selector"] = selector;
        }

        return new JsonObject { ["kind"] = Identity.Kind, ["apiVersion"] = Identity.ApiVersion, ["metadata"] = own, ["spec"] = spec, ["status"] = status };
    }

    // Definitions say where replicas stand; the built-in kinds agree on the place.
    private static string[] PathOf(Kind kind, string field, string usual) => (kind.Custom?.Scale.String(field) ?? usual).TrimStart('.').Split('.');

    private static JsonNode? At(JsonObject item, string[] path) => Cells.At(item, string.Join('.', path));

    private static string? SelectorOf(Kind kind, JsonObject item) => kind.Custom is { } custom
        ? custom.Scale.String("labelSelectorPath") is { } path ? Cells.At(item, path.TrimStart('.')).AsString() : null
        : Cells.SelectorText(item.Object("spec").Object("selector")) is var text && text != Cells.None ? text : null;
}
