using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Admission;

public sealed class PriorityClassTests(ApiHost host)
{
    private const string Classes = "/apis/scheduling.k8s.io/v1/priorityclasses";

    [Fact]
    public async Task Mutable_fields_change_and_immutable_ones_do_not()
    {
        (await host.Admin.PostAsync(Classes, """{"metadata":{"name":"pc-one"},"value":1,"preemptionPolicy":"PreemptLowerPriority"}""")).Expect(201);
        (await host.Admin.PostAsync(Classes, """{"metadata":{"name":"pc-two"},"value":2,"preemptionPolicy":"Never"}""")).Expect(201);
        var names = (await host.Admin.GetAsync(Classes))["items"]!.AsArray().Select(item => (string?)item!["metadata"]!["name"]).ToList();
        Assert.Contains("pc-one", names);
        Assert.Contains("pc-two", names);
        Assert.Contains("may not be changed in an update", (await host.Admin.PatchAsync($"{Classes}/pc-one", """{"value":10}""")).Expect(422).Message, StringComparison.Ordinal);
        Assert.Equal("told", (string?)(await host.Admin.PatchAsync($"{Classes}/pc-one", """{"description":"told"}""")).Expect(200)["description"]);
        var read = (await host.Admin.GetAsync($"{Classes}/pc-two")).Body;
        read["value"] = 20;
        (await host.Admin.PutAsync($"{Classes}/pc-two", read)).Expect(422);
        read["value"] = 2;
        read["description"] = "updated";
        (await host.Admin.PutAsync($"{Classes}/pc-two", read)).Expect(200);
    }
}
