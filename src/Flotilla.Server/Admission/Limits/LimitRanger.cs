using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Limits;

/// <summary>Fills in and enforces the limit ranges of a namespace, for pods and for claims.</summary>
internal sealed class LimitRanger(IStore store) : IAdmissionPlugin
{
    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.IsCreateOf(CoreKinds.Pod))
        {
            foreach (var range in await RangesAsync(request, cancellationToken))
            {
                LimitDefaults.Apply(request.Object, range);
            }
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var claim = request.IsCreateOf(CoreKinds.PersistentVolumeClaim) || request.IsUpdateOf(CoreKinds.PersistentVolumeClaim);
        if (!(claim || request.IsCreateOf(CoreKinds.Pod) || IsResize(request)) || request.Old.Object("metadata").String("deletionTimestamp") is not null)
        {
            return;
        }

        foreach (var range in await RangesAsync(request, cancellationToken))
        {
            var errors = (claim ? LimitChecks.Claim(request.Object, range) : LimitChecks.Pod(request.Object, range)).Distinct().ToList();
            if (errors.Count > 0)
            {
                throw request.Forbidden(errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]");
            }
        }
    }

    // The only update that changes what a pod's containers may use.
    private static bool IsResize(AdmissionRequest request) =>
        request is { Operation: AdmissionOperation.Update, Subresource: "resize" } && request.Kind == CoreKinds.Pod;

    private async Task<IReadOnlyList<JsonObject>> RangesAsync(AdmissionRequest request, CancellationToken cancellationToken) =>
        await store.AllAsync(CoreKinds.LimitRange, request.Namespace, cancellationToken);
}
