using Flotilla.Server.Tests.CustomResources;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Machinery;

public sealed class DefinitionWatchTests(ApiHost host)
{
    [Fact]
    public async Task Watches_see_custom_resources_come_change_and_go()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple("""{"type":"object","x-kubernetes-preserve-unknown-fields":true}"""));
        var at = defs.Gadgets(space);
        var start = (string)(await host.Admin.GetAsync(at)).Expect(200)["metadata.resourceVersion"]!;
        foreach (var name in new[] { "a", "b" })
        {
            (await host.Admin.PostAsync(at, defs.Gadget(name, ""))).Expect(201);
            (await host.Admin.PatchAsync($"{at}/{name}", """{"metadata":{"labels":{"changed":"yes"}}}""")).Expect(200);
            (await host.Admin.DeleteAsync($"{at}/{name}")).Expect(200);
        }

        var seen = new List<string>();
        await foreach (var change in host.Admin.WatchAsync($"{at}?watch=1&resourceVersion={start}"))
        {
            seen.Add($"{(string?)change["type"]} {(string?)change["object"]!["metadata"]!["name"]}");
            if (seen.Count == 6)
            {
                break;
            }
        }

        Assert.Equal(["ADDED a", "MODIFIED a", "DELETED a", "ADDED b", "MODIFIED b", "DELETED b"], seen);
    }
}
