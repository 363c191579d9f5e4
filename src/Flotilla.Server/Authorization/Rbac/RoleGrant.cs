using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Authorization.Rbac;

/// <summary>Somebody to whom a binding grants a role. Service accounts are users.</summary>
/// <param name="Space">The binding's namespace; empty for the whole cluster.</param>
public readonly record struct Grantee(string Space, bool IsGroup, string Name);

/// <summary>A binding, read once.</summary>
/// <param name="RoleKey">Where the role is stored.</param>
public sealed record RoleGrant(string Name, string Space, string RoleKind, string RoleName, string RoleKey, IReadOnlyList<(Grantee Grantee, string Described)> Subjects)
{
    public static RoleGrant FromJson(JsonObject binding)
    {
        var metadata = binding.Object("metadata");
        var space = metadata.String("namespace") ?? "";
        var role = binding.Object("roleRef");
        var (kind, name) = (role.String("kind") ?? "", role.String("name") ?? "");
        var subjects = binding.Objects("subjects").Select(subject => Describe(subject, space)).ToList();
        return new RoleGrant(metadata.String("name") ?? "", space, kind, name, KeyOf(kind, space, name), subjects);
    }

    public static string KeyOf(string kind, string space, string name) => kind == "Role" ? $"{RbacKinds.Role.StoragePrefix}{space}/{name}" : RbacKinds.ClusterRole.StoragePrefix + name;

    /// <summary>Why a request was allowed, in upstream's words.</summary>
    public string Explain(Grantee grantee)
    {
        var binding = Space.Length == 0 ? $"ClusterRoleBinding \"{Name}\"" : $"RoleBinding \"{Name}/{Space}\"";
        return $"RBAC: allowed by {binding} of {RoleKind} \"{RoleName}\" to {Subjects.First(subject => subject.Grantee == grantee).Described}";
    }

    public string MissingRole => $"{RoleKind.ToLowerInvariant()}.{RbacKinds.GroupName} \"{RoleName}\" not found";

    private static (Grantee, string) Describe(JsonObject subject, string space)
    {
        var name = subject.String("name") ?? "";
        var kind = subject.String("kind");
        if (kind != "ServiceAccount")
        {
            return (new Grantee(space, kind == "Group", name), $"{kind} \"{name}\"");
        }

        var home = subject.String("namespace") is { Length: > 0 } given ? given : space;
        return (new Grantee(space, IsGroup: false, $"system:serviceaccount:{home}:{name}"), $"ServiceAccount \"{name}/{home}\"");
    }
}
