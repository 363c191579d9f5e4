using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Server.Admission;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Subresources;

/// <summary>What is done to pods beside writing them: they are placed on nodes, and evicted.</summary>
public sealed class PodActions(ObjectStore objects, AdmissionChain admission, TimeProvider time)
{
    private readonly PodEviction evictions = new(objects, time);
    private static readonly ResourceKind Binding = new("", "v1", "Binding");
    private static readonly ResourceKind Eviction = new("policy", "v1", "Eviction");
    private static readonly JsonObject Success = new() { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 };

    public async Task<ApiAnswer> BindAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var (binding, _) = BodyReader.ReadObject(request, Binding, SchemaTable.BuiltIn.Find(Binding));
        var node = binding.Object("target").String("name");
        if (string.IsNullOrEmpty(node))
        {
            throw Failures.BadRequest("target.name: Required value");
        }

        await admission.ReviewAsync(Create(request, path, Binding, binding), cancellationToken);
        var uid = binding.Object("metadata").String("uid");
        await objects.ChangeAsync(
            CoreKinds.Pod,
            path.Key,
            "binding",
            ResourceWrites.Options(request),
            pod =>
            {
                CheckBindable(path, pod, node, uid);
                pod.Child("spec")["nodeName"] = node;
                TakeOver(pod, binding.Object("metadata"));
                Scheduled(pod.Child("status"));
                pod.Child("metadata").Remove("resourceVersion");
                return pod;
            },
            cancellationToken);
        return ApiAnswer.Json(Success.DeepClone(), 201);
    }

    public async Task<ApiAnswer> EvictAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var (eviction, _) = BodyReader.ReadObject(request, Eviction, SchemaTable.BuiltIn.Find(Eviction));
        await admission.ReviewAsync(Create(request, path, Eviction, eviction), cancellationToken);
        await evictions.EvictAsync(path.Key, eviction, ResourceWrites.Options(request), cancellationToken);
        return ApiAnswer.Json(Success.DeepClone(), 201);
    }

    private static AdmissionRequest Create(ApiRequest request, ResourcePath path, ResourceKind kind, JsonObject body) =>
        new(CoreKinds.Pod, AdmissionOperation.Create, body, null, ResourceWrites.Options(request)) { Subresource = path.Subresource, Body = kind, Target = path.Key };

    private static void CheckBindable(ResourcePath path, JsonObject pod, string node, string? uid)
    {
        if (!string.IsNullOrEmpty(uid) && uid != pod.Object("metadata").String("uid"))
        {
            throw Failures.Conflict(CoreKinds.Pod, path.Name!, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod.Object("metadata").String("uid")}");
        }

        if (pod.Object("metadata").String("deletionTimestamp") is not null)
        {
            throw Failures.Conflict(CoreKinds.Pod, path.Name!, $"pod {path.Name} is being deleted, cannot be assigned to a host");
        }

        if (pod.Object("spec").String("nodeName") is { Length: > 0 } current)
        {
            throw Failures.Conflict(CoreKinds.Pod, path.Name!, $"pod {path.Name} is already assigned to node \"{current}\"");
        }

        if (pod.Object("spec").Array("schedulingGates") is { Count: > 0 })
        {
            throw Failures.Conflict(CoreKinds.Pod, path.Name!, $"pod {path.Name} has non-empty .spec.schedulingGates");
        }
    }

    /// <summary>A binding may carry annotations, which replace the pod's, and labels, which do not.</summary>
    private static void TakeOver(JsonObject pod, JsonObject? bound)
    {
        foreach (var (name, value) in bound.Object("annotations") ?? [])
        {
            pod.Child("metadata").Child("annotations")[name] = value?.DeepClone();
        }

        foreach (var (name, value) in bound.Object("labels") ?? [])
        {
            pod.Child("metadata").Child("labels").Default(name, value?.DeepClone());
        }
    }

    private void Scheduled(JsonObject status)
    {
        var conditions = status.Array("conditions");
        if (conditions is null)
        {
            status["conditions"] = conditions = [];
        }

        foreach (var old in conditions.OfType<JsonObject>().Where(condition => condition.String("type") == "PodScheduled").ToArray())
        {
            conditions.Remove(old);
        }

        conditions.Add(new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] = Times.Seconds(time.GetUtcNow()) });
    }
}
