using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Authorization;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Fairness;

/// <summary>A FlowSchema, compiled: which requests are its, and which of them belong together.</summary>
internal sealed record FlowModel(string Name, string Uid, string Level, long Precedence, string? Distinguisher, IReadOnlyList<FlowRule> Rules)
{
    public static FlowModel FromJson(JsonObject schema)
    {
        var (metadata, spec) = (schema.Object("metadata"), schema.Object("spec"));
        return new FlowModel(
            metadata.String("name") ?? "",
            metadata.String("uid") ?? "",
            spec.Object("priorityLevelConfiguration").String("name") ?? "",
            spec.Integer("matchingPrecedence") ?? 1000,
            spec.Object("distinguisherMethod").String("type"),
            [.. spec.Objects("rules").Select(FlowRule.FromJson)]);
    }

    public bool Matches(RequestUser user, AccessAttributes wanted)
    {
        foreach (var rule in Rules)
        {
            if (rule.Matches(user, wanted))
            {
                return true;
            }
        }

        return false;
    }

    public string FlowOf(RequestUser user, AccessAttributes wanted) => Distinguisher switch
    {
        "ByUser" => user.Name,
        "ByNamespace" => wanted.Namespace ?? "",
        _ => "",
    };
}

/// <summary>Somebody of the subjects doing one of these things.</summary>
internal sealed record FlowRule(IReadOnlyList<FlowSubject> Subjects, IReadOnlyList<FlowResources> Resources, IReadOnlyList<FlowPaths> Paths)
{
    public static FlowRule FromJson(JsonObject rule) => new(
        [.. rule.Objects("subjects").Select(FlowSubject.FromJson)],
        [.. rule.Objects("resourceRules").Select(FlowResources.FromJson)],
        [.. rule.Objects("nonResourceRules").Select(FlowPaths.FromJson)]);

    public bool Matches(RequestUser user, AccessAttributes wanted) =>
        (wanted.IsResource ? Resources.Any(resources => resources.Matches(wanted)) : Paths.Any(paths => paths.Matches(wanted)))
        && Subjects.Any(subject => subject.Matches(user));
}

internal sealed record FlowSubject(string Kind, string Name, string Namespace)
{
    private const string AccountPrefix = "system:serviceaccount:";

    public static FlowSubject FromJson(JsonObject subject) => subject.String("kind") switch
    {
        "User" => new("User", subject.Object("user").String("name") ?? "", ""),
        "Group" => new("Group", subject.Object("group").String("name") ?? "", ""),
        var kind => new(kind ?? "", subject.Object("serviceAccount").String("name") ?? "", subject.Object("serviceAccount").String("namespace") ?? ""),
    };

    public bool Matches(RequestUser user) => Kind switch
    {
        "User" => Name == "*" || Name == user.Name,
        "Group" => Name == "*" || user.Groups.Contains(Name),
        _ => user.Name.StartsWith(AccountPrefix, StringComparison.Ordinal) && IsAccount(user.Name.AsSpan(AccountPrefix.Length)),
    };

    private bool IsAccount(ReadOnlySpan<char> account)
    {
        var at = account.IndexOf(':');
        return at > 0 && account[..at].SequenceEqual(Namespace) && (Name == "*" || account[(at + 1)..].SequenceEqual(Name));
    }
}

internal sealed record FlowResources(IReadOnlyList<string> Verbs, IReadOnlyList<string> Groups, IReadOnlyList<string> Resources, bool ClusterScope, IReadOnlyList<string> Namespaces)
{
    public static FlowResources FromJson(JsonObject rule) => new(
        FlowPaths.Texts(rule, "verbs"), FlowPaths.Texts(rule, "apiGroups"), FlowPaths.Texts(rule, "resources"), rule.Boolean("clusterScope") == true, FlowPaths.Texts(rule, "namespaces"));

    public bool Matches(AccessAttributes wanted) =>
        FlowPaths.Has(Verbs, wanted.Verb)
        && FlowPaths.Has(Groups, wanted.Group)
        && (FlowPaths.Has(Resources, wanted.Resource) || (wanted.Subresource.Length > 0 && Resources.Contains(wanted.FullResource)))
        && (string.IsNullOrEmpty(wanted.Namespace) ? ClusterScope : FlowPaths.Has(Namespaces, wanted.Namespace));
}

internal sealed record FlowPaths(IReadOnlyList<string> Verbs, IReadOnlyList<string> Urls)
{
    public static FlowPaths FromJson(JsonObject rule) => new(Texts(rule, "verbs"), Texts(rule, "nonResourceURLs"));

    public bool Matches(AccessAttributes wanted) =>
        Has(Verbs, wanted.Verb) && Urls.Any(url => url == "*" || url == wanted.Path || (url.EndsWith("/*", StringComparison.Ordinal) && wanted.Path!.StartsWith(url[..^1], StringComparison.Ordinal)));

    public static bool Has(IReadOnlyList<string> list, string value) => list.Contains("*") || list.Contains(value);

    public static IReadOnlyList<string> Texts(JsonObject rule, string name) => [.. (rule.Array(name) ?? []).Select(node => node.AsString() ?? "")];
}
