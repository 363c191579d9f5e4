using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

/// <summary>Roles and who has them.</summary>
public static class RbacKinds
{
    public const string GroupName = "rbac.authorization.k8s.io";

    public static readonly Kind ClusterRoleBinding = NewBinding("clusterrolebindings", "ClusterRoleBinding", Scope.Cluster);
    public static readonly Kind ClusterRole = NewRole("clusterroles", "ClusterRole", Scope.Cluster);
    public static readonly Kind RoleBinding = NewBinding("rolebindings", "RoleBinding", Scope.Namespaced);
    public static readonly Kind Role = NewRole("roles", "Role", Scope.Namespaced);

    public static IEnumerable<Kind> All => [ClusterRoleBinding, ClusterRole, RoleBinding, Role];

    private static Kind NewBinding(string plural, string name, Scope scope) => new(GroupName, "v1", plural, name, scope)
    {
        ValidateName = Names.CheckPathSegment,
        AllowsCreateOnUpdate = true,
        Default = DefaultBinding,
        Validate = CheckBinding,
        Columns =
        [
            Cells.Name, new("Role", (item, _) => $"{item.Object("roleRef").String("kind")}/{item.Object("roleRef").String("name")}"), Cells.Age,
            new("Users", (item, _) => Subjects(item, "User"), 1), new("Groups", (item, _) => Subjects(item, "Group"), 1), new("ServiceAccounts", (item, _) => Subjects(item, "ServiceAccount"), 1),
        ],
    };

    private static Kind NewRole(string plural, string name, Scope scope) => new(GroupName, "v1", plural, name, scope)
    {
        ValidateName = Names.CheckPathSegment,
        AllowsCreateOnUpdate = true,
        Validate = (item, _) => CheckRules(item, scope == Scope.Namespaced),
        Columns = [Cells.Name, Cells.CreatedAt],
    };

    private static void DefaultBinding(JsonObject item)
    {
        item.Child("roleRef").DefaultText("apiGroup", GroupName);
        foreach (var subject in item.Objects("subjects").Where(subject => subject.String("kind") is "User" or "Group"))
        {
            subject.DefaultText("apiGroup", GroupName);
        }
    }

    private static IEnumerable<FieldError> CheckRules(JsonObject item, bool namespaced)
    {
        foreach (var (rule, i) in item.Objects("rules").Select((rule, i) => (rule, i)))
        {
            var at = FieldRules.Indexed("rules", i);
            if (Empty(rule, "verbs"))
            {
                yield return FieldError.Required($"{at}.verbs", "verbs must contain at least one value");
            }

            if (!Empty(rule, "nonResourceURLs"))
            {
                if (namespaced)
                {
                    yield return FieldError.Invalid($"{at}.nonResourceURLs", rule["nonResourceURLs"]!.DeepClone(), "namespaced rules cannot apply to non-resource URLs");
                }

                if (!Empty(rule, "apiGroups") || !Empty(rule, "resources") || !Empty(rule, "resourceNames"))
                {
                    yield return FieldError.Invalid($"{at}.nonResourceURLs", rule["nonResourceURLs"]!.DeepClone(), "rules cannot apply to both regular resources and non-resource URLs");
                }

                continue;
            }

            if (Empty(rule, "apiGroups"))
            {
                yield return FieldError.Required($"{at}.apiGroups", "resource rules must supply at least one api group");
            }

            if (Empty(rule, "resources"))
            {
                yield return FieldError.Required($"{at}.resources", "resource rules must supply at least one resource");
            }
        }
    }

    private static IEnumerable<FieldError> CheckBinding(JsonObject item, JsonObject? old)
    {
        var role = item.Object("roleRef");
        var namespaced = item.String("kind") == "RoleBinding";
        if (role.String("apiGroup") != GroupName)
        {
            yield return FieldError.NotSupported("roleRef.apiGroup", role.String("apiGroup") ?? "", [GroupName]);
        }

        foreach (var error in CheckRoleKind(role, namespaced))
        {
            yield return error;
        }

        if (role.String("name") is not { Length: > 0 } name)
        {
            yield return FieldError.Required("roleRef.name");
        }
        else if (Names.CheckPathSegment(name) is { } wrong)
        {
            yield return FieldError.Invalid("roleRef.name", name, wrong);
        }

        foreach (var error in item.Objects("subjects").SelectMany((subject, i) => CheckSubject(subject, FieldRules.Indexed("subjects", i), namespaced)))
        {
            yield return error;
        }

        if (old is not null && !role.SameAs(old.Object("roleRef")))
        {
            yield return FieldError.Invalid("roleRef", role?.DeepClone(), "cannot change roleRef");
        }
    }

    private static IEnumerable<FieldError> CheckRoleKind(JsonObject? role, bool namespaced)
    {
        string[] kinds = namespaced ? ["ClusterRole", "Role"] : ["ClusterRole"];
        if (!kinds.Contains(role.String("kind")))
        {
            yield return FieldError.NotSupported("roleRef.kind", role.String("kind") ?? "", kinds);
        }
    }

    private static IEnumerable<FieldError> CheckSubject(JsonObject subject, string path, bool namespaced)
    {
        if (string.IsNullOrEmpty(subject.String("name")))
        {
            yield return FieldError.Required($"{path}.name");
        }

        var group = subject.String("apiGroup") ?? "";
        switch (subject.String("kind"))
        {
            case "ServiceAccount":
                if (subject.String("name") is { Length: > 0 } name && Names.CheckSubdomain(name) is { } wrong)
                {
                    yield return FieldError.Invalid($"{path}.name", name, wrong);
                }

                if (group.Length > 0)
                {
                    yield return FieldError.NotSupported($"{path}.apiGroup", group, [""]);
                }

                if (!namespaced && string.IsNullOrEmpty(subject.String("namespace")))
                {
                    yield return FieldError.Required($"{path}.namespace");
                }

                break;
            case "User" or "Group":
                if (group != GroupName)
                {
                    yield return FieldError.NotSupported($"{path}.apiGroup", group, [GroupName]);
                }

                break;
            case var other:
                yield return FieldError.NotSupported($"{path}.kind", other ?? "", ["Group", "ServiceAccount", "User"]);
                break;
        }
    }

    private static bool Empty(JsonObject rule, string field) => rule.Array(field) is not { Count: > 0 };

    private static string Subjects(JsonObject item, string kind) =>
        string.Join(", ", item.Objects("subjects").Where(subject => subject.String("kind") == kind)
            .Select(subject => kind == "ServiceAccount" ? $"{subject.String("namespace")}/{subject.String("name")}" : subject.String("name")));
}
