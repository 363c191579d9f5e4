using System.Text.Json.Nodes;
using Flotilla.Server.Bootstrap.Rbac;

namespace Flotilla.Server.Tests.Bootstrap;

public sealed class RoleRepairTests
{
    private static readonly JsonObject Wanted = RoleTable.Read("some\n    get list | core | pods\n    get | /livez").Single().Role;

    [Fact]
    public void Gives_back_missing_permissions_and_keeps_added_ones()
    {
        var present = (JsonObject)Wanted.DeepClone();
        present["rules"] = new JsonArray(RoleTable.Rule("get watch | core | pods").ToJson());
        var repaired = RoleRepair.Repair(present, Wanted)!;
        Assert.Equal(
            """[{"verbs":["get","watch"],"apiGroups":[""],"resources":["pods"]},{"verbs":["list"],"apiGroups":[""],"resources":["pods"]},{"verbs":["get"],"nonResourceURLs":["/livez"]}]""",
            repaired["rules"]!.ToJsonString());
        Assert.Null(RoleRepair.Repair(repaired, Wanted));
    }

    [Fact]
    public void Leaves_alone_what_is_not_to_be_updated()
    {
        var present = (JsonObject)Wanted.DeepClone();
        present["rules"] = new JsonArray();
        present["metadata"]!["annotations"]![BuiltInRoles.AutoUpdate] = "false";
        Assert.Null(RoleRepair.Repair(present, Wanted));
    }
}
