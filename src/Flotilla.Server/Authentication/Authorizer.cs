using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Authentication;

/// <summary>What somebody wants to do. For paths that are no resources only <see cref="Path"/> and <see cref="Verb"/> are set.</summary>
public sealed record AccessAttributes(string Verb, string Group = "", string Resource = "", string Subresource = "", string? Namespace = null, string Name = "", string? Path = null);

/// <summary>
/// Decides who may do what, by role-based rules read from the stored roles and bindings. Members of
/// <c>system:masters</c> may do everything; everybody may look at the server's health and version.
/// </summary>
public sealed class Authorizer(IStore store)
{
    private static readonly string[] PublicPaths = ["/healthz", "/livez", "/readyz", "/version"];
    private static readonly string[] DiscoveryPaths = ["/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz"];

    public async ValueTask AuthorizeAsync(ApiRequest request, ResourcePath? path, CancellationToken cancellationToken)
    {
        if (request.User.IsMaster)
        {
            return;
        }

        var attributes = Attributes(request, path);
        if (!await IsAllowedAsync(request.User, attributes, cancellationToken))
        {
            throw Refuse(request.User, attributes);
        }
    }

    public async ValueTask<bool> IsAllowedAsync(RequestUser user, AccessAttributes wanted, CancellationToken cancellationToken)
    {
        if (user.IsMaster)
        {
            return true;
        }

        if (wanted.Path is { } path && wanted.Verb is "get" or "head" && IsOpen(user, wanted.Path!))
        {
            return true;
        }

        if (user.Groups.Contains(RequestUser.Authenticated) && wanted is { Verb: "create", Resource: "selfsubjectaccessreviews" or "selfsubjectrulesreviews" or "selfsubjectreviews" })
        {
            return true;
        }

        await foreach (var rule in RulesAsync(user, wanted.Namespace, cancellationToken))
        {
            if (Covers(rule, wanted))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>All rules that apply to a user, cluster-wide and in one namespace.</summary>
    public async IAsyncEnumerable<JsonObject> RulesAsync(RequestUser user, string? space, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var prefixes = new List<(Kind Kind, string Prefix)> { (RbacKinds.ClusterRoleBinding, RbacKinds.ClusterRoleBinding.StoragePrefix) };
        if (!string.IsNullOrEmpty(space))
        {
            prefixes.Add((RbacKinds.RoleBinding, $"{RbacKinds.RoleBinding.StoragePrefix}{space}/"));
        }

        foreach (var (_, prefix) in prefixes)
        {
            foreach (var entry in (await store.ListAsync(prefix, null, 0, null, cancellationToken)).Entries)
            {
                var binding = (JsonObject)GoJson.Parse(entry.Value.Span)!;
                if (!binding.Objects("subjects").Any(subject => IsSubject(subject, user)))
                {
                    continue;
                }

                var role = binding.Object("roleRef");
                var key = role.String("kind") == "Role" ? $"{RbacKinds.Role.StoragePrefix}{space}/{role.String("name")}" : RbacKinds.ClusterRole.StoragePrefix + role.String("name");
                if (await store.GetAsync(key, cancellationToken) is { } found)
                {
                    foreach (var rule in ((JsonObject)GoJson.Parse(found.Value.Span)!).Objects("rules"))
                    {
                        yield return rule;
                    }
                }
            }
        }
    }

    private static bool IsOpen(RequestUser user, string path) =>
        PublicPaths.Any(open => path == open || path.StartsWith(open + "/", StringComparison.Ordinal))
        || (user.Groups.Contains(RequestUser.Authenticated) && DiscoveryPaths.Any(open => path == open || path.StartsWith(open + "/", StringComparison.Ordinal)));

    private static bool IsSubject(JsonObject subject, RequestUser user) => subject.String("kind") switch
    {
        "User" => subject.String("name") == user.Name,
        "Group" => user.Groups.Contains(subject.String("name")!),
        "ServiceAccount" => user.Name == $"system:serviceaccount:{subject.String("namespace")}:{subject.String("name")}",
        _ => false,
    };

    private static bool Covers(JsonObject rule, AccessAttributes wanted)
    {
        if (!Has(rule, "verbs", wanted.Verb))
        {
            return false;
        }

        if (wanted.Path is { } path)
        {
            return rule.Array("nonResourceURLs")?.Any(node => node.AsString() is { } url && (url == "*" || url == path || (url.EndsWith('*') && path.StartsWith(url[..^1], StringComparison.Ordinal)))) == true;
        }

        var resource = wanted.Subresource.Length == 0 ? wanted.Resource : $"{wanted.Resource}/{wanted.Subresource}";
        var names = rule.Array("resourceNames");
        return Has(rule, "apiGroups", wanted.Group)
            && (Has(rule, "resources", resource) || (wanted.Subresource.Length > 0 && Has(rule, "resources", $"*/{wanted.Subresource}")))
            && (names is not { Count: > 0 } || names.Any(node => node.AsString() == wanted.Name));
    }

    private static bool Has(JsonObject rule, string list, string value) => rule.Array(list)?.Any(node => node.AsString() is { } item && (item == "*" || item == value)) == true;

    private static AccessAttributes Attributes(ApiRequest request, ResourcePath? path)
    {
        if (path is null)
        {
            return new AccessAttributes(request.Method.ToLowerInvariant(), Path: request.Path);
        }

        var watch = ListQuery.IsTrue(request["watch"]);
        var verb = (request.Method, path.Name) switch
        {
            ("GET" or "HEAD", null) => watch ? "watch" : "list",
            ("GET" or "HEAD", _) => watch ? "watch" : "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", null) => "deletecollection",
            _ => "delete",
        };
        return new AccessAttributes(verb, path.Kind.Group, path.Kind.Plural, path.Subresource ?? "", path.Namespace, path.Name ?? "");
    }

    private static Api.ApiException Refuse(RequestUser user, AccessAttributes wanted)
    {
        if (wanted.Path is { } path)
        {
            return Failures.Of(403, "Forbidden", $"forbidden: User \"{user.Name}\" cannot {wanted.Verb} path \"{path}\"", new k8s.Models.V1StatusDetails());
        }

        var resource = wanted.Subresource.Length == 0 ? wanted.Resource : $"{wanted.Resource}/{wanted.Subresource}";
        var where = wanted.Namespace is { } space ? $"in the namespace \"{space}\"" : "at the cluster scope";
        var what = wanted.Group.Length == 0 ? wanted.Resource : $"{wanted.Resource}.{wanted.Group}";
        var name = wanted.Name.Length == 0 ? "" : $" \"{wanted.Name}\"";
        return Failures.Forbidden($"{what}{name} is forbidden: User \"{user.Name}\" cannot {wanted.Verb} resource \"{resource}\" in API group \"{wanted.Group}\" {where}", wanted.Group, wanted.Resource, wanted.Name);
    }
}
