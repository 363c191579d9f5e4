using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Authorization.Rbac;

/// <summary>One rule of a role, read once. Empty lists are absent ones.</summary>
public sealed record PolicyRule(IReadOnlyList<string> Verbs, IReadOnlyList<string> Groups, IReadOnlyList<string> Resources, IReadOnlyList<string> Names, IReadOnlyList<string> Urls)
{
    private const string All = "*";

    public static PolicyRule FromJson(JsonObject rule) =>
        new(Texts(rule, "verbs"), Texts(rule, "apiGroups"), Texts(rule, "resources"), Texts(rule, "resourceNames"), Texts(rule, "nonResourceURLs"));

    public static IReadOnlyList<PolicyRule> ListOf(JsonObject role) => [.. role.Objects("rules").Select(FromJson)];

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["verbs"] = Array(Verbs) };
        foreach (var (name, values) in (ReadOnlySpan<(string, IReadOnlyList<string>)>)[("apiGroups", Groups), ("resources", Resources), ("resourceNames", Names), ("nonResourceURLs", Urls)])
        {
            if (values.Count > 0)
            {
                json[name] = Array(values);
            }
        }

        return json;
    }

    public bool Allows(AccessAttributes wanted)
    {
        if (!Has(Verbs, wanted.Verb))
        {
            return false;
        }

        if (wanted.Path is { } path)
        {
            return Urls.Any(url => RuleCover.CoversUrl(url, path));
        }

        return Has(Groups, wanted.Group) && AllowsResource(wanted) && (Names.Count == 0 || Names.Contains(wanted.Name));
    }

    private bool AllowsResource(AccessAttributes wanted)
    {
        foreach (var resource in Resources)
        {
            if (resource == All)
            {
                return true;
            }

            if (wanted.Subresource.Length == 0)
            {
                if (resource == wanted.Resource)
                {
                    return true;
                }

                continue;
            }

            // "pods/log" or, for every resource, "*/scale".
            var slash = resource.IndexOf('/', StringComparison.Ordinal);
            if (slash > 0
                && resource.AsSpan(slash + 1).SequenceEqual(wanted.Subresource)
                && (resource.AsSpan(0, slash) is "*" || resource.AsSpan(0, slash).SequenceEqual(wanted.Resource)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Has(IReadOnlyList<string> list, string value)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] == All || list[i] == value)
            {
                return true;
            }
        }

        return false;
    }

    private static string[] Texts(JsonObject rule, string name) => rule.Array(name)?.Select(node => string.Intern(node.AsString() ?? "")).ToArray() ?? [];

    private static JsonArray Array(IReadOnlyList<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);
}
