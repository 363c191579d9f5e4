using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;

namespace Flotilla.Server.CustomResources;

/// <summary>Which of the names a definition asks for it gets, and the conditions that say so. Pure.</summary>
internal static class DefinitionStatus
{
    private const string Accepted = "the initial names have been accepted";

    /// <summary>The status of <paramref name="definition"/>, given all definitions of its group.</summary>
    public static JsonObject For(JsonObject definition, IEnumerable<JsonObject> group, DateTimeOffset now)
    {
        var name = definition.Object("metadata").String("name");
        var others = group.Where(other => other.Object("metadata").String("name") != name).Select(other => other.Object("status").Object("acceptedNames")).OfType<JsonObject>().ToList();
        var status = definition.Object("status")?.Copy() ?? [];
        var (names, conflict) = Accept(definition.Object("spec").Object("names")!, status.Object("acceptedNames") ?? [], Resources(others), Kinds(others));
        status["acceptedNames"] = names;
        var conditions = status.Array("conditions") ?? [];
        if (conflict is null)
        {
            Set(conditions, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now);
            Set(conditions, "Established", "True", "InitialNamesAccepted", Accepted, now);
        }
        else
        {
            Set(conditions, "NamesAccepted", "False", conflict.Value.Reason, conflict.Value.Message, now);
            if (!IsTrue(definition, "Established"))
            {
                Set(conditions, "Established", "False", "NotAccepted", "not all names are accepted", now);
            }
        }

        if (ApiApproval.Of(definition) is { } approval)
        {
            Set(conditions, "KubernetesAPIApprovalPolicyConformant", approval.Status, approval.Reason, approval.Message, now);
        }

        if (conditions.Parent is null)
        {
            status["conditions"] = conditions;
        }

        return status;
    }

    public static bool IsTrue(JsonObject definition, string condition) =>
        definition.Object("status").Objects("conditions").Any(found => found.String("type") == condition && found.String("status") == "True");

    public static void Set(JsonArray conditions, string type, string value, string reason, string message, DateTimeOffset now)
    {
        var condition = conditions.OfType<JsonObject>().FirstOrDefault(found => found.String("type") == type);
        if (condition is null)
        {
            conditions.Add(condition = new JsonObject { ["type"] = type });
        }

        if (condition.String("status") != value)
        {
            condition["status"] = value;
            condition["lastTransitionTime"] = Times.Seconds(now);
        }

        condition["reason"] = reason;
        condition["message"] = message;
    }

    private static (JsonObject Names, (string Reason, string Message)? Conflict) Accept(JsonObject wanted, JsonObject before, HashSet<string> resources, HashSet<string> kinds)
    {
        var names = before.Copy();
        (string Reason, string Message)? conflict = null;
        Take("plural", resources, "PluralConflict");
        Take("singular", resources, "SingularConflict");
        var taken = (wanted.Array("shortNames") ?? []).Select(item => item.AsString() ?? "").Where(item => resources.Contains(item) && !(before.Array("shortNames")?.Any(had => had.AsString() == item) ?? false)).ToList();
        if (taken.Count > 0)
        {
            conflict = ("ShortNamesConflict", taken.Count == 1 ? InUse(taken[0]) : $"[{string.Join(", ", taken.Select(InUse))}]");
        }
        else
        {
            Copy("shortNames");
        }

        Take("kind", kinds, "KindConflict");
        Take("listKind", kinds, "ListKindConflict");
        Copy("categories");
        return (names, conflict);

        void Take(string field, HashSet<string> used, string reason)
        {
            if (wanted.String(field) is { } name && name != before.String(field) && used.Contains(name))
            {
                conflict = (reason, InUse(name));
                return;
            }

            Copy(field);
        }

        void Copy(string field)
        {
            names.Remove(field);
            if (wanted[field] is { } value)
            {
                names[field] = value.DeepClone();
            }
        }
    }

    private static string InUse(string name) => $"\"{name}\" is already in use";

    private static HashSet<string> Resources(IEnumerable<JsonObject> others) =>
        [.. others.SelectMany(names => (names.Array("shortNames") ?? []).Select(item => item.AsString() ?? "").Append(names.String("plural") ?? "").Append(names.String("singular") ?? ""))];

    private static HashSet<string> Kinds(IEnumerable<JsonObject> others) => [.. others.SelectMany(names => new[] { names.String("kind") ?? "", names.String("listKind") ?? "" })];
}
