using System.Text.Json.Nodes;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Networks;

namespace Flotilla.Engine.Tests.Networks;

public sealed class ContainerAddressesTests
{
    [Theory]
    [InlineData("web", "10.0.0.2")]
    [InlineData("WEB", "10.0.0.2")]
    [InlineData("web.n1", "10.0.0.2")]
    [InlineData("aaaaaaaaaaaa", "10.0.0.2")]
    [InlineData("shared", "10.0.0.2 10.0.0.3")]
    [InlineData("we", "")]
    [InlineData("elsewhere", "")]
    public void Are_found_by_name_id_and_alias_in_their_network(string name, string addresses)
    {
        ContainerRecord[] all = [Record('a', "web", "n1", "10.0.0.2"), Record('b', "db", "n1", "10.0.0.3"), Record('c', "elsewhere", "n2", "10.1.0.2"), Record('d', "web", "n1", "")];
        Assert.Equal(addresses, string.Join(' ', ContainerAddresses.Find(all, "n1", name)));
    }

    private static ContainerRecord Record(char id, string name, string network, string address) => new()
    {
        Id = new string(id, 64),
        Name = name,
        Created = DateTime.UnixEpoch,
        Image = "i",
        ImageId = "sha256:i",
        Config = new JsonObject(),
        HostConfig = new JsonObject(),
        Networks = { [network] = new EndpointRecord { NetworkId = network, Address = address, Aliases = ["shared"] } },
    };
}
