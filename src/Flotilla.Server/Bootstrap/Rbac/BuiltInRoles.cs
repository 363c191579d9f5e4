using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Authorization.Rbac;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Bootstrap.Rbac;

/// <summary>
/// Makes the built-in roles and bindings and, at each start, gives back what they lost; what was added stays. Whoever
/// annotates one with <c>autoupdate: "false"</c> keeps it as it is.
/// </summary>
internal sealed class BuiltInRoles(BuiltInObjects objects)
{
    public const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

    /// <summary>What every node may do that does not depend on which node it is.</summary>
    public static IReadOnlyList<PolicyRule> RulesOfNodes { get; } =
        PolicyRule.ListOf(RoleTable.Read(ComponentRoles.Table).Single(role => role.Role.Object("metadata").String("name") == "system:node").Role);

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var roles = ((string[])[UserRoles.Table, ComponentRoles.Table, ControllerRoles.Table]).SelectMany(RoleTable.Read).ToList();
        var clusterRoles = roles.Where(role => role.Kind == RbacKinds.ClusterRole).Select(role => role.Role.Object("metadata").String("name")!);
        var bindings = BindingTable.Read(clusterRoles).ToList();

        // All at once: they share commits of the store.
        await Task.WhenAll(roles.Concat(bindings).Select(item => EnsureAsync(item.Item1, item.Item2, item.Item3, cancellationToken)));
    }

    private async Task EnsureAsync(Kind kind, string? space, JsonObject wanted, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(space, wanted.Object("metadata").String("name")!);
        if (await objects.FindAsync(kind, key, cancellationToken) is not { } present)
        {
            await objects.EnsureAsync(kind, space, wanted, cancellationToken);
            return;
        }

        if (wanted["roleRef"] is { } role && !role.SameAs(present["roleRef"]) && IsOurs(present))
        {
            // A binding's role cannot change.
            await objects.DeleteAsync(kind, key, cancellationToken);
            await objects.EnsureAsync(kind, space, wanted, cancellationToken);
        }
        else if (RoleRepair.Repair(present, wanted) is { } repaired)
        {
            await objects.ChangeAsync(kind, key, current => RoleRepair.Repair(current, wanted) ?? repaired, cancellationToken);
        }
    }

    internal static bool IsOurs(JsonObject present) => present.Object("metadata").Object("annotations").String(AutoUpdate) != "false";
}
