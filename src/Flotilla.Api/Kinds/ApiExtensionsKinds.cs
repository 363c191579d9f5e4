using Flotilla.Api.Kinds.ApiExtensions;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Kinds;

public static class ApiExtensionsKinds
{
    public static readonly Kind CustomResourceDefinition = new("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", Scope.Cluster)
    {
        ShortNames = ["crd", "crds"],
        Categories = ["api-extensions"],
        HasStatus = true,
        HasGeneration = true,
        NeedsVersionOnUpdate = true,
        Default = CustomResourceDefinitionRules.Default,
        Prepare = CustomResourceDefinitionRules.Prepare,
        PrepareUpdate = CustomResourceDefinitionRules.PrepareUpdate,
        PrepareDelete = CustomResources.CustomResourceDeletion.Begin,
        Validate = CustomResourceDefinitionRules.Check,
        Columns = [Cells.Name, Cells.CreatedAt],
    };

    public static IEnumerable<Kind> All => [CustomResourceDefinition];
}
