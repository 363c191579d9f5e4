using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Server.Admission.Matching;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>The AdmissionReview that asks a webhook about a request, in the version the webhook matched.</summary>
internal static class ReviewRequest
{
    public static JsonObject Of(AdmissionRequest request, Kind matched, AdmissionView view, string reviewVersion, string uid)
    {
        var body = Facts(request, matched);
        body["uid"] = uid;
        body["object"] = view.Object;
        body["oldObject"] = view.Old;
        return new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = $"admission.k8s.io/{reviewVersion}", ["request"] = body };
    }

    /// <summary>Everything about the request but the objects.</summary>
    public static JsonObject Facts(AdmissionRequest request, Kind matched)
    {
        var own = request.Kind;
        var body = new JsonObject
        {
            ["kind"] = KindOf(AdmissionView.IdentityOf(request, matched)),
            ["resource"] = ResourceOf(matched),
            ["requestKind"] = KindOf(AdmissionView.IdentityOf(request, own)),
            ["requestResource"] = ResourceOf(own),
            ["operation"] = request.Operation.ToString().ToUpperInvariant(),
            ["userInfo"] = UserInfo(request.User),
            ["dryRun"] = request.Options.DryRun,
            ["options"] = Options(request),
        };
        Add(body, "subResource", request.Subresource);
        Add(body, "requestSubResource", request.Subresource);
        Add(body, "name", request.Name);
        Add(body, "namespace", own == CoreKinds.Namespace ? request.Name : request.Namespace);
        return body;
    }

    public static JsonObject UserInfo(RequestUser user)
    {
        var info = new JsonObject { ["username"] = user.Name };
        Add(info, "uid", user.Uid);
        if (user.Groups.Count > 0)
        {
            info["groups"] = new JsonArray([.. user.Groups.Select(group => JsonValue.Create(group))]);
        }

        if (user.Extra is { Count: > 0 } extra)
        {
            info["extra"] = new JsonObject(extra.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, new JsonArray([.. pair.Value.Select(value => JsonValue.Create(value))]))));
        }

        return info;
    }

    public static JsonObject? Options(AdmissionRequest request)
    {
        if (request.Operation == AdmissionOperation.Connect)
        {
            return null;
        }

        var options = new JsonObject { ["kind"] = $"{request.Operation}Options", ["apiVersion"] = "meta.k8s.io/v1" };
        if (request.Operation != AdmissionOperation.Delete)
        {
            Add(options, "fieldManager", request.Options.Manager);
        }
        else if (request.Deletion is { } deletion)
        {
            options.Default("gracePeriodSeconds", deletion.GracePeriodSeconds);
            Add(options, "propagationPolicy", deletion.PropagationPolicy);
        }

        if (request.Options.DryRun)
        {
            options["dryRun"] = new JsonArray("All");
        }

        return options;
    }

    private static JsonObject KindOf(ResourceKind kind) => new() { ["group"] = kind.Group, ["version"] = kind.Version, ["kind"] = kind.Kind };

    private static JsonObject ResourceOf(Kind kind) => new() { ["group"] = kind.Group, ["version"] = kind.Version, ["resource"] = kind.Plural };

    private static void Add(JsonObject json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json[name] = value;
        }
    }
}
