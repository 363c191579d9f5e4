using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.RoleAggregation;

/// <summary>Keeps the rules of roles with an <c>aggregationRule</c> equal to the union of the roles it selects.</summary>
internal sealed class RoleAggregationController : Controller
{
    private readonly Informer<V1ClusterRole> roles;

    public RoleAggregationController(ControllerContext context)
        : base(context, "clusterrole-aggregation-controller", workers: 1)
    {
        roles = Watch<V1ClusterRole>();
        roles.Subscribe(_ =>
        {
            // Labels may have changed, so any union may be concerned; there are few.
            foreach (var union in roles.List().Where(role => role.AggregationRule is not null))
            {
                Queue.Add(union.Key());
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (roles.Get(key) is not { AggregationRule: not null } union)
        {
            return;
        }

        var rules = RoleUnion.For(union, roles.List());
        if (!RoleUnion.Same(union.Rules, rules))
        {
            await Client.UpdateAsync(union with { Rules = [.. rules] }, cancellationToken);
        }
    }
}
