using Flotilla.Docker;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Tests.Services.Control;

namespace Flotilla.Swarm.Tests.Services;

public sealed class LogDriverTests
{
    [Theory]
    [InlineData("json-file")]
    [InlineData("local")]
    [InlineData("none")]
    [InlineData("")]
    public void Drivers_that_nodes_have_are_taken(string driver) => Check(driver);

    [Fact]
    public void Another_one_is_refused_when_the_service_is_made() =>
        Assert.Equal("rpc error: code = InvalidArgument desc = error looking up logging plugin gelf: plugin \"gelf\" not found; nodes here have json-file, local, none", Assert.Throws<DockerException>(() => Check("gelf")).Message);

    private static void Check(string driver) => ServiceRules.Check(Given.Service(template: "{\"ContainerSpec\":{\"Image\":\"web\"},\"LogDriver\":{\"Name\":\"" + driver + "\"}}").Read);
}
