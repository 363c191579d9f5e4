using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

public static class CoordinationKinds
{
    public static readonly Kind Lease = new("coordination.k8s.io", "v1", "leases", "Lease", Scope.Namespaced)
    {
        AllowsCreateOnUpdate = true,
        NeedsVersionOnUpdate = true,
        Validate = Check,
        Columns = [Cells.Name, Cells.Text("Holder", "spec.holderIdentity"), Cells.Age],
    };

    public static IEnumerable<Kind> All => [Lease];

    private static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old) =>
        FieldRules.Positive(item.Object("spec"), "leaseDurationSeconds", "spec").Concat(FieldRules.NonNegative(item.Object("spec"), "leaseTransitions", "spec"))
            .Concat(CheckStrategy(item.Object("spec")));

    private static IEnumerable<FieldError> CheckStrategy(JsonObject? spec)
    {
        var strategy = spec.String("strategy");
        if (strategy is not null && Names.CheckLabelKey(strategy) is { } wrong)
        {
            yield return FieldError.Invalid("spec.strategy", strategy, wrong);
        }

        if (!string.IsNullOrEmpty(spec.String("preferredHolder")) && string.IsNullOrEmpty(strategy))
        {
            yield return FieldError.Forbidden("spec.preferredHolder", "may only be specified when `strategy` is defined");
        }
    }
}
