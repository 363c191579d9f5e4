using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Authorization.Rbac;

namespace Flotilla.Server.Bootstrap.Rbac;

/// <summary>What a built-in role or binding lacks. Pure.</summary>
internal static class RoleRepair
{
    /// <summary>The object with what it lacked added; null when it lacks nothing or is left alone.</summary>
    public static JsonObject? Repair(JsonObject present, JsonObject wanted)
    {
        if (!BuiltInRoles.IsOurs(present))
        {
            return null;
        }

        var next = present.Copy();
        AddMissing(next.Child("metadata").Child("labels"), wanted.Object("metadata").Object("labels")!);
        AddMissing(next.Child("metadata").Child("annotations"), wanted.Object("metadata").Object("annotations")!);
        if (wanted.Object("aggregationRule") is { } union)
        {
            AddMissing(next.Child("aggregationRule"), "clusterRoleSelectors", union.Objects("clusterRoleSelectors"));
        }
        else if (wanted.Array("rules") is not null)
        {
            var missing = RuleCover.Compact(RuleCover.Missing(PolicyRule.ListOf(next), PolicyRule.ListOf(wanted)));
            AddMissing(next, "rules", missing.Select(rule => rule.ToJson()));
        }

        AddMissing(next, "subjects", wanted.Objects("subjects"));
        return next.SameAs(present) ? null : next;
    }

    private static void AddMissing(JsonObject next, JsonObject wanted)
    {
        foreach (var (name, value) in wanted)
        {
            next.Default(name, value?.DeepClone());
        }
    }

    private static void AddMissing(JsonObject owner, string name, IEnumerable<JsonObject> wanted)
    {
        foreach (var item in wanted.Where(item => !owner.Objects(name).Any(present => present.SameAs(item))).ToList())
        {
            if (owner.Array(name) is not { } list)
            {
                owner[name] = list = [];
            }

            list.Add(item.DeepClone());
        }
    }
}
