using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Server.Http;
using Flotilla.Server.Subresources;

namespace Flotilla.Server.Admission.Matching;

/// <summary>
/// A request as a webhook or policy sees it: in the version it asked for, scales as Scale objects, deletions with the
/// old object only. The objects are copies.
/// </summary>
internal sealed record AdmissionView(ResourceKind Identity, TypeSchema? Schema, JsonObject? Object, JsonObject? Old)
{
    private static readonly ResourceKind Scale = new("autoscaling", "v1", "Scale");

    /// <summary>What the objects of the request are called when shown as <paramref name="matched"/>.</summary>
    public static ResourceKind IdentityOf(AdmissionRequest request, Kind matched) => request.Body ?? (IsScale(request) ? Scale : matched.Identity);

    public static async ValueTask<AdmissionView> OfAsync(AdmissionRequest request, Kind matched, EquivalentKinds kinds, CancellationToken cancellationToken)
    {
        if (request.Body is { } body)
        {
            return new AdmissionView(body, SchemaTable.BuiltIn.Find(body), request.Object.Copy(), request.Old?.Copy());
        }

        if (IsScale(request))
        {
            return new AdmissionView(Scale, SchemaTable.BuiltIn.Find(Scale), ScaleAnswers.ScaleOf(request.Kind, request.Object.Copy()), request.Old is { } before ? ScaleAnswers.ScaleOf(request.Kind, before.Copy()) : null);
        }

        var value = request.Operation == AdmissionOperation.Delete ? null : await kinds.ConvertAsync(request.Object, request.Kind, matched, cancellationToken);
        var earlier = request.Old is { } old ? await kinds.ConvertAsync(old, request.Kind, matched, cancellationToken) : null;
        return new AdmissionView(matched.Identity, matched.Schema, value, earlier);
    }

    /// <summary>Brings what became of <see cref="Object"/> back into the request. False: nothing changed.</summary>
    public async ValueTask<bool> AdoptAsync(AdmissionRequest request, Kind matched, JsonObject next, EquivalentKinds kinds, CancellationToken cancellationToken)
    {
        if (request.Body is null && !IsScale(request))
        {
            BodyReader.FindUnknown(next, matched);
            matched.Default?.Invoke(next);
        }
        else
        {
            BodyReader.Normalize(next, Identity, Schema, "Ignore");
        }

        if (next.SameAs(Object))
        {
            return false;
        }

        if (request.Body is null && IsScale(request))
        {
            request.Object.Child("spec")["replicas"] = next.Object("spec").Integer("replicas") ?? 0;
            return true;
        }

        request.Replace(request.Body is null ? await kinds.ConvertAsync(next, matched, request.Kind, cancellationToken) : next);
        return true;
    }

    private static bool IsScale(AdmissionRequest request) => request.Subresource == Subresource.ScaleName;
}
