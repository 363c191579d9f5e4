using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Admission;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Authorization.Rbac;

/// <summary>
/// Nobody grants what they do not hold: writing a role takes its rules or the verb <c>escalate</c>, binding one takes
/// its rules or the verb <c>bind</c>.
/// </summary>
public sealed class EscalationGuard(Authorizer authorizer, RbacAuthorizer rbac) : IAdmissionPlugin
{
    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind.Group != RbacKinds.GroupName || request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update) || request.Options.User is not { IsMaster: false } user)
        {
            return;
        }

        if (request.Kind == RbacKinds.Role || request.Kind == RbacKinds.ClusterRole)
        {
            await CheckRoleAsync(request, user, cancellationToken);
        }
        else
        {
            await CheckBindingAsync(request, user, cancellationToken);
        }
    }

    private async ValueTask CheckRoleAsync(AdmissionRequest request, RequestUser user, CancellationToken cancellationToken)
    {
        var (role, old) = (request.Object, request.Old);
        if (old is not null && role["rules"].SameAs(old["rules"]) && role["aggregationRule"].SameAs(old["aggregationRule"]))
        {
            return;
        }

        var escalate = new AccessAttributes("escalate", RbacKinds.GroupName, request.Kind.Plural, "", SpaceOf(role), NameOf(role));
        if (await authorizer.IsAllowedAsync(user, escalate, cancellationToken))
        {
            return;
        }

        await ConfirmAsync(request, user, PolicyRule.ListOf(role), cancellationToken);
        if (role.Object("aggregationRule") is not null || old?.Object("aggregationRule") is not null)
        {
            IReadOnlyList<PolicyRule> everything = [new(["*"], ["*"], ["*"], [], []), new(["*"], [], [], [], ["*"])];
            if ((await MissingAsync(user, null, everything, cancellationToken)).Count > 0)
            {
                throw Refuse(request, "must have cluster-admin privileges to use aggregationRule");
            }
        }
    }

    private async ValueTask CheckBindingAsync(AdmissionRequest request, RequestUser user, CancellationToken cancellationToken)
    {
        var (binding, old) = (request.Object, request.Old);
        if (old is not null && binding["roleRef"].SameAs(old["roleRef"]) && binding["subjects"].SameAs(old["subjects"]))
        {
            return;
        }

        var role = binding.Object("roleRef");
        var (kind, name, space) = (role.String("kind") ?? "", role.String("name") ?? "", SpaceOf(binding));
        var bind = new AccessAttributes("bind", RbacKinds.GroupName, kind == "Role" ? "roles" : "clusterroles", "", space, name);
        if (await authorizer.IsAllowedAsync(user, bind, cancellationToken))
        {
            return;
        }

        var rules = await rbac.RoleAsync(kind, space ?? "", name, cancellationToken)
            ?? throw Failures.NotFound(kind == "Role" ? RbacKinds.Role : RbacKinds.ClusterRole, name);
        await ConfirmAsync(request, user, rules, cancellationToken);
    }

    private async ValueTask ConfirmAsync(AdmissionRequest request, RequestUser user, IReadOnlyList<PolicyRule> wanted, CancellationToken cancellationToken)
    {
        var missing = await MissingAsync(user, SpaceOf(request.Object), wanted, cancellationToken);
        if (missing.Count > 0)
        {
            var lines = RuleCover.Compact(missing).Select(Describe).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
            throw Refuse(request, $"user \"{user.Name}\" (groups={Quote(user.Groups)}) is attempting to grant RBAC permissions not currently held:\n{string.Join('\n', lines)}");
        }
    }

    private async ValueTask<IReadOnlyList<PolicyRule>> MissingAsync(RequestUser user, string? space, IReadOnlyList<PolicyRule> wanted, CancellationToken cancellationToken) =>
        RuleCover.Missing((await rbac.RulesAsync(user, space, cancellationToken)).Rules, wanted);

    private static ApiException Refuse(AdmissionRequest request, string why)
    {
        var name = NameOf(request.Object);
        return Failures.Forbidden($"{request.Kind.GroupResource} \"{name}\" is forbidden: {why}", request.Kind.Group, request.Kind.Plural, name);
    }

    private static string Describe(PolicyRule rule)
    {
        (string Name, IReadOnlyList<string> Values)[] parts =
            [("APIGroups", rule.Groups), ("Resources", rule.Resources), ("NonResourceURLs", rule.Urls), ("ResourceNames", rule.Names), ("Verbs", rule.Verbs)];
        return $"{{{string.Join(", ", parts.Where(part => part.Values.Count > 0).Select(part => $"{part.Name}:{Quote(part.Values)}"))}}}";
    }

    private static string Quote(IReadOnlyList<string> values) => $"[{string.Join(' ', values.Select(value => $"\"{value}\""))}]";

    private static string NameOf(JsonObject value) => value.Object("metadata").String("name") ?? "";

    private static string? SpaceOf(JsonObject value) => value.Object("metadata").String("namespace");
}
