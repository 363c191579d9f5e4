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
        Validate = Check,
        Columns = [Cells.Name, Cells.Text("Holder", "spec.holderIdentity"), Cells.Age],
    };

    public static IEnumerable<Kind> All => [Lease];

    private static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old) =>
        FieldRules.Positive(item.Object("spec"), "leaseDurationSeconds", "spec").Concat(FieldRules.NonNegative(item.Object("spec"), "leaseTransitions", "spec"));
}
