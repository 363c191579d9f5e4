using Flotilla.Docker;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Tests.Services.Control;

namespace Flotilla.Swarm.Tests.Services;

public sealed class VolumeRulesTests
{
    [Theory]
    [InlineData("""{"Type":"volume","Source":"data","Target":"/data","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"tmpfs","device":"tmpfs"}}}}""")]
    [InlineData("""{"Type":"volume","Source":"data","Target":"/data","VolumeOptions":{"DriverConfig":{"Options":{"foo":"which the node refuses"}}}}""")]
    [InlineData("""{"Type":"volume","Target":"/data","VolumeOptions":{"NoCopy":true}}""")]
    public void Options_of_the_driver_local_are_taken(string mount) => Check(mount);

    [Theory]
    [InlineData("""{"Type":"volume","Source":"data","Target":"/data","VolumeOptions":{"DriverConfig":{"Name":"rexray"}}}""", "volumes of driver rexray are not supported: nodes here have no Docker plugins")]
    [InlineData("""{"Type":"volume","Target":"/data","VolumeOptions":{"DriverConfig":{"Options":{"type":"tmpfs","device":"tmpfs"}}}}""", "the volume at /data has options but no name")]
    [InlineData("""{"Type":"volume","Source":"data","Target":"/data","VolumeOptions":{"DriverConfig":{"Options":{"device":"{{.Nothing}}"}}}}""", "expanding mounts failed")]
    public void What_cannot_be_is_told_when_the_service_is_made(string mount, string message) =>
        Assert.Contains(message, Assert.Throws<DockerException>(() => Check(mount)).Message, StringComparison.Ordinal);

    private static void Check(string mount) => ServiceRules.Check(Given.Service(template: "{\"ContainerSpec\":{\"Image\":\"web\",\"Mounts\":[" + mount + "]}}").Read);
}
