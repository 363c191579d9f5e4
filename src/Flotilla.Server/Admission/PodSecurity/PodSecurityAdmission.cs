using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>Holds pods to the Pod Security Standards that their namespace's labels name; templates of pods are warned about.</summary>
internal sealed class PodSecurityAdmission(IStore store, PodSecuritySettings settings) : IAdmissionPlugin
{
    private static readonly string[] PodSubresources = ["ephemeralcontainers", "resize"];

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update))
        {
            return;
        }

        if (request.Kind == CoreKinds.Namespace && request.Subresource is null)
        {
            await CheckNamespaceAsync(request, cancellationToken);
        }
        else if (ExemptionOf(request) is { } exemption)
        {
            request.Options.Notes?.Annotate("pod-security.kubernetes.io/exempt", exemption);
        }
        else if (request.Kind == CoreKinds.Pod && (request.Subresource is null || PodSubresources.Contains(request.Subresource)))
        {
            await CheckPodAsync(request, cancellationToken);
        }
        else if (request.Subresource is null && PodTemplates.Of(request) is { } template)
        {
            Judge(request, await PolicyAsync(request, cancellationToken), template, enforce: false);
        }
    }

    private async ValueTask CheckPodAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var policy = await PolicyAsync(request, cancellationToken);
        if (!policy.IsPrivileged && (request.Old is not { } old || PodTemplates.IsSignificantUpdate(request.Object, old)))
        {
            Judge(request, policy, request.Object, enforce: true);
        }
    }

    private string? ExemptionOf(AdmissionRequest request) =>
        request.Namespace is not null && settings.Namespaces.Contains(request.Namespace) ? "namespace"
        : settings.Users.Contains(request.User.Name) ? "user"
        : null;

    private void Judge(AdmissionRequest request, SecurityPolicy policy, JsonObject pod, bool enforce)
    {
        var (metadata, spec) = (pod.Object("metadata"), pod.Object("spec"));
        if (spec.String("runtimeClassName") is { } runtime && settings.RuntimeClasses.Contains(runtime))
        {
            request.Options.Notes?.Annotate("pod-security.kubernetes.io/exempt", "runtimeClass");
            return;
        }

        if (enforce)
        {
            request.Options.Notes?.Annotate("pod-security.kubernetes.io/enforce-policy", policy.Enforce.ToString());
            if (SecurityStandards.Check(policy.Enforce, metadata, spec) is { Count: > 0 } found)
            {
                throw request.Forbidden($"violates PodSecurity \"{policy.Enforce}\": {string.Join(", ", found)}");
            }
        }

        if (SecurityStandards.Check(policy.Audit, metadata, spec) is { Count: > 0 } audited)
        {
            request.Options.Notes?.Annotate("pod-security.kubernetes.io/audit-violations", $"would violate PodSecurity \"{policy.Audit}\": {string.Join(", ", audited)}");
        }

        if (SecurityStandards.Check(policy.Warn, metadata, spec) is { Count: > 0 } warned)
        {
            request.Options.Notes?.Warn($"would violate PodSecurity \"{policy.Warn}\": {string.Join(", ", warned)}");
        }
    }

    private async ValueTask CheckNamespaceAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var (policy, errors) = SecurityPolicy.From(LabelsOf(request.Object), settings.Defaults);
        var (before, known) = request.Old is { } old ? SecurityPolicy.From(LabelsOf(old), settings.Defaults) : (policy, []);
        if (errors.Count > 0 && (request.Old is null || !errors.SequenceEqual(known)))
        {
            throw Failures.Invalid(request.Kind, request.Name, errors);
        }

        var (next, last) = (policy.Enforce, before.Enforce);
        if (request.Old is null || next == last || next.Level == SecurityLevel.Privileged || (next.Minor == last.Minor && next.Level <= last.Level))
        {
            return;
        }

        if (settings.Namespaces.Contains(request.Name))
        {
            request.Options.Notes?.Warn($"namespace \"{request.Name}\" is exempt from Pod Security, and the policy (enforce={next}) will be ignored");
            return;
        }

        foreach (var warning in ExistingPods.Warnings(await store.AllAsync(CoreKinds.Pod, request.Name, cancellationToken), request.Name, next))
        {
            request.Options.Notes?.Warn(warning);
        }
    }

    private async ValueTask<SecurityPolicy> PolicyAsync(AdmissionRequest request, CancellationToken cancellationToken) =>
        SecurityPolicy.From(LabelsOf(await store.FindSharedAsync(CoreKinds.Namespace, null, request.Namespace!, cancellationToken)), settings.Defaults).Policy;

    private static JsonObject? LabelsOf(JsonObject? item) => item.Object("metadata").Object("labels");
}
