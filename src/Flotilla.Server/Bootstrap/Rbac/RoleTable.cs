using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Authorization.Rbac;

namespace Flotilla.Server.Bootstrap.Rbac;

/// <summary>
/// The notation of the built-in roles. A line at the margin names a role (<c>NAMESPACE/NAME</c> inside a namespace),
/// perhaps one that is <c>part-of</c> an aggregated role or the <c>union-of</c> such parts. Indented below it stand
/// its rules: <c>verbs | groups | resources | names</c>, or <c>verbs | paths</c>. The group <c>core</c> is the nameless one.
/// </summary>
internal static class RoleTable
{
    private const string Aggregate = "rbac.authorization.k8s.io/aggregate-to-";

    public static IEnumerable<(Kind Kind, string? Space, JsonObject Role)> Read(string table)
    {
        JsonObject? role = null;
        var (kind, space) = (RbacKinds.ClusterRole, (string?)null);
        foreach (var line in table.Split('\n'))
        {
            if (line.StartsWith(' '))
            {
                role!.Array("rules")!.Add(Rule(line).ToJson());
                continue;
            }

            if (role is not null)
            {
                yield return (kind, space, role);
            }

            (kind, space, role) = Head(line.Split(' '));
        }

        yield return (kind, space, role!);
    }

    public static PolicyRule Rule(string line)
    {
        var parts = line.Split('|').Select(part => part.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        return parts.Length == 2
            ? new PolicyRule(parts[0], [], [], [], parts[1])
            : new PolicyRule(parts[0], [.. parts[1].Select(group => group == "core" ? "" : group)], parts[2], parts.Length > 3 ? parts[3] : [], []);
    }

    public static JsonObject Metadata(string name, string? space)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (space is not null)
        {
            metadata["namespace"] = space;
        }

        metadata["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" };
        metadata["annotations"] = new JsonObject { [BuiltInRoles.AutoUpdate] = "true" };
        return metadata;
    }

    private static (Kind, string?, JsonObject) Head(string[] words)
    {
        var path = words[0].Split('/');
        var space = path.Length > 1 ? path[0] : null;
        var role = new JsonObject { ["metadata"] = Metadata(path[^1], space), ["rules"] = new JsonArray() };
        for (var i = 1; i + 1 < words.Length; i += 2)
        {
            if (words[i] == "part-of")
            {
                role.Object("metadata").Object("labels")![Aggregate + words[i + 1]] = "true";
            }
            else
            {
                var selector = new JsonObject { ["matchLabels"] = new JsonObject { [Aggregate + words[i + 1]] = "true" } };
                role["aggregationRule"] = new JsonObject { ["clusterRoleSelectors"] = new JsonArray(selector) };
            }
        }

        return (space is null ? RbacKinds.ClusterRole : RbacKinds.Role, space, role);
    }
}
