using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Tests.Containers;

public sealed class ContainerPruneTests
{
    private static readonly DateTime Created = new(2024, 5, 6, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("{}", "exited", true)]
    [InlineData("{}", "created", true)]
    [InlineData("{}", "running", false)]
    [InlineData("{}", "restarting", false)]
    [InlineData("""{"label":["tier=front"]}""", "exited", true)]
    [InlineData("""{"label":["tier=back"]}""", "exited", false)]
    [InlineData("""{"label!":["tier"]}""", "exited", false)]
    [InlineData("""{"label!":["tier=back"]}""", "exited", true)]
    [InlineData("""{"until":["1h"]}""", "exited", true)]
    [InlineData("""{"until":["3h"]}""", "exited", false)]
    public void Takes_what_is_over_and_meant(string text, string status, bool taken)
    {
        var filters = Filters.Parse(text, "label", "label!", "until");
        var record = new ContainerRecord
        {
            Id = "1",
            Name = "one",
            Created = Created,
            Image = "my-image",
            ImageId = "sha256:1",
            Config = new JsonObject { ["Labels"] = new JsonObject { ["tier"] = "front" } },
            HostConfig = [],
            State = new StateRecord { Status = status },
        };
        Assert.Equal(taken, ContainerRoutes.IsPruned(record, filters, UntilFilter.Parse(filters, Created.AddHours(2))));
    }
}
