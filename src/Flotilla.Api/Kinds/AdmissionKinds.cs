using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Admission;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Kinds;

/// <summary>Policies and webhooks that judge or change objects before they are stored.</summary>
public static class AdmissionKinds
{
    private const string GroupName = "admissionregistration.k8s.io";
    private static readonly Column ParamKind = new("ParamKind", (item, _) => item.Object("spec").Object("paramKind") is { } kind ? $"{kind.String("apiVersion")}/{kind.String("kind")}" : "<unset>");
    private static readonly Column PolicyName = Cells.Text("PolicyName", "spec.policyName");
    private static readonly Column ParamRef = new("ParamRef", (item, _) => ParamText(item.Object("spec").Object("paramRef")));

    public static readonly Kind MutatingPolicy = Policy("mutatingadmissionpolicies", "MutatingAdmissionPolicy", hasStatus: false, Cells.Count("Mutations", "spec.mutations"));
    public static readonly Kind MutatingPolicyBinding = Binding("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding");
    public static readonly Kind MutatingWebhook = Webhook("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", mutating: true);
    public static readonly Kind ValidatingPolicy = Policy("validatingadmissionpolicies", "ValidatingAdmissionPolicy", hasStatus: true, Cells.Count("Validations", "spec.validations"));
    public static readonly Kind ValidatingPolicyBinding = Binding("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding");
    public static readonly Kind ValidatingWebhook = Webhook("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", mutating: false);

    public static IEnumerable<Kind> All => [MutatingPolicy, MutatingPolicyBinding, MutatingWebhook, ValidatingPolicy, ValidatingPolicyBinding, ValidatingWebhook];

    private static Kind Policy(string plural, string name, bool hasStatus, Column count) => new(GroupName, "v1", plural, name, Scope.Cluster)
    {
        Categories = ["api-extensions"],
        HasStatus = hasStatus,
        HasGeneration = true,
        NeedsVersionOnUpdate = true,
        Default = PolicyRules.Default,
        Validate = hasStatus ? PolicyRules.CheckValidating : PolicyRules.CheckMutating,
        Columns = [Cells.Name, count, ParamKind, Cells.Age],
    };

    private static Kind Binding(string plural, string name) => new(GroupName, "v1", plural, name, Scope.Cluster)
    {
        Categories = ["api-extensions"],
        HasGeneration = true,
        NeedsVersionOnUpdate = true,
        Default = PolicyRules.DefaultBinding,
        Validate = PolicyRules.CheckBinding,
        Columns = [Cells.Name, PolicyName, ParamRef, Cells.Age],
    };

    private static Kind Webhook(string plural, string name, bool mutating) => new(GroupName, "v1", plural, name, Scope.Cluster)
    {
        Categories = ["api-extensions"],
        HasGeneration = true,
        NeedsVersionOnUpdate = true,
        Default = item => WebhookRules.Default(item, mutating),
        Validate = WebhookRules.Check,
        Columns = [Cells.Name, Cells.Count("Webhooks", "webhooks"), Cells.Age],
    };

    private static string ParamText(JsonObject? reference) => reference is null ? "<unset>"
        : reference.String("name") is { Length: > 0 } name ? reference.String("namespace") is { Length: > 0 } ns ? $"{ns}/{name}" : $"*/{name}"
        : Cells.SelectorText(reference.Object("selector"));
}
