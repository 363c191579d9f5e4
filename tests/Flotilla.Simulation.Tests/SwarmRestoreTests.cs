using System.Text.Json.Nodes;
using Flotilla.Simulation.Tests.Agreement;

namespace Flotilla.Simulation.Tests;

/// <summary>A swarm whose server begins again with what was stored, as after a restore.</summary>
public sealed class SwarmRestoreTests
{
    [Fact]
    public async Task A_swarm_that_is_forced_to_be_new_keeps_what_it_has_and_is_where_it_is_now()
    {
        await using var swarm = await SimulatedSwarm.StartAsync();
        var service = new JsonObject { ["Name"] = "web", ["TaskTemplate"] = new JsonObject { ["ContainerSpec"] = new JsonObject { ["Image"] = "one" } } };
        await swarm.Docker.OkAsync(HttpMethod.Post, "/services/create", service);
        await swarm.Docker.OkAsync(HttpMethod.Post, "/secrets/create", new JsonObject { ["Name"] = "s", ["Data"] = "aHVzaA==" });
        var before = await swarm.Docker.OkAsync(HttpMethod.Get, "/swarm");
        await swarm.RestartAsync();

        await swarm.Docker.OkAsync(HttpMethod.Post, "/swarm/init", new JsonObject { ["ListenAddr"] = "0.0.0.0:2377", ["AdvertiseAddr"] = "192.0.2.7", ["ForceNewCluster"] = true });

        var manager = (await swarm.Docker.OkAsync(HttpMethod.Get, "/info"))["Swarm"]!["RemoteManagers"]![0]!;
        Assert.Equal("192.0.2.7:2377", (string?)manager["Addr"]);
        Assert.Equal("web", (string?)(await swarm.Docker.ListAsync("/services"))[0]!["Spec"]!["Name"]);
        Assert.Equal("s", (string?)(await swarm.Docker.ListAsync("/secrets"))[0]!["Spec"]!["Name"]);
        var after = await swarm.Docker.OkAsync(HttpMethod.Get, "/swarm");
        Assert.Equal((before["ID"]!.ToJsonString(), before["JoinTokens"]!.ToJsonString()), (after["ID"]!.ToJsonString(), after["JoinTokens"]!.ToJsonString()));
    }
}
