using Flotilla.Controllers.RoleAggregation;
using k8s.Models;

namespace Flotilla.Controllers.Tests.RoleAggregation;

public sealed class RoleUnionTests
{
    [Fact]
    public void Takes_each_rule_of_the_selected_roles_once_in_the_order_of_their_names()
    {
        var union = Role("union", []) with
        {
            AggregationRule = new V1AggregationRule { ClusterRoleSelectors = [new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["part"] = "yes" } }] },
        };
        V1ClusterRole[] roles = [Part("b", Rule("list"), Rule("get")), Part("a", Rule("get")), Role("c", [Rule("watch")]), union];
        Assert.Equal(["get", "list"], RoleUnion.For(union, roles).Select(rule => rule.Verbs[0]));
    }

    private static V1ClusterRole Part(string name, params V1PolicyRule[] rules)
    {
        var role = Role(name, rules);
        role.Metadata.Labels = new Dictionary<string, string> { ["part"] = "yes" };
        return role;
    }

    private static V1ClusterRole Role(string name, V1PolicyRule[] rules) => new() { Metadata = new V1ObjectMeta { Name = name }, Rules = [.. rules] };

    private static V1PolicyRule Rule(string verb) => new() { Verbs = [verb], ApiGroups = [""], Resources = ["pods"] };
}
