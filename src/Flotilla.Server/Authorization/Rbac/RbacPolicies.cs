using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Storage;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Authorization.Rbac;

/// <summary>Every role and binding of the cluster, ready to be asked: roles by key, bindings by whom they grant something.</summary>
public sealed class RbacPolicies(IStore store, ILogger<RbacPolicies> logger)
    : StoreFollower(store, [.. RbacKinds.All.Select(kind => kind.StoragePrefix)], logger)
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<PolicyRule>> roles = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RoleGrant> grants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Grantee, RoleGrant[]> byGrantee = new();

    public IReadOnlyList<PolicyRule>? FindRole(string key) => roles.GetValueOrDefault(key);

    public IReadOnlyList<RoleGrant> GrantsOf(Grantee grantee) => byGrantee.TryGetValue(grantee, out var found) ? found : [];

    protected override void Reset(IReadOnlyList<StoredEntry> entries)
    {
        roles.Clear();
        grants.Clear();
        byGrantee.Clear();
        foreach (var entry in entries)
        {
            Apply(entry.Key, entry.Value);
        }
    }

    protected override void Apply(string key, ReadOnlyMemory<byte>? value)
    {
        var decoded = value is { } bytes ? (JsonObject)GoJson.Parse(bytes.Span)! : null;
        if (key.StartsWith(RbacKinds.ClusterRole.StoragePrefix, StringComparison.Ordinal) || key.StartsWith(RbacKinds.Role.StoragePrefix, StringComparison.Ordinal))
        {
            ApplyRole(key, decoded);
            return;
        }

        if (grants.TryRemove(key, out var old))
        {
            foreach (var grantee in old.Subjects.Select(subject => subject.Grantee).Distinct())
            {
                Replace(grantee, [.. GrantsOf(grantee).Where(grant => !ReferenceEquals(grant, old))]);
            }
        }

        if (decoded is not null)
        {
            Add(key, RoleGrant.FromJson(decoded));
        }
    }

    private void ApplyRole(string key, JsonObject? role)
    {
        if (role is null)
        {
            roles.TryRemove(key, out _);
        }
        else
        {
            roles[key] = PolicyRule.ListOf(role);
        }
    }

    private void Add(string key, RoleGrant grant)
    {
        grants[key] = grant;
        foreach (var grantee in grant.Subjects.Select(subject => subject.Grantee).Distinct())
        {
            Replace(grantee, [.. GrantsOf(grantee).Append(grant).OrderBy(one => one.Name, StringComparer.Ordinal)]);
        }
    }

    private void Replace(Grantee grantee, RoleGrant[] next)
    {
        if (next.Length == 0)
        {
            byGrantee.TryRemove(grantee, out _);
        }
        else
        {
            byGrantee[grantee] = next;
        }
    }
}
