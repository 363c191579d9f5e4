using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Tests.Tasks;

public sealed class GenericResourcesTests
{
    [Fact]
    public void Reads_names_and_numbers()
    {
        var kinds = GenericResources.Parse("NVIDIA-GPU=UUID1, NVIDIA-GPU=UUID2,ssd=2");
        Assert.Equal(("generic.swarm.flotilla.dev/NVIDIA-GPU", "DOCKER_RESOURCE_NVIDIA-GPU", true), (kinds[0].Resource, kinds[0].Variable, kinds[0].AreNamed));
        Assert.Equal(["UUID1", "UUID2"], kinds[0].Names);
        Assert.Equal((2, false), (kinds[1].Names.Count, kinds[1].AreNamed));
        Assert.Empty(GenericResources.Parse(""));
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("=1")]
    [InlineData("gpu=a,gpu=a")]
    [InlineData("gpu=1,gpu=a")]
    [InlineData("gpu=100000")]
    public void Refuses_what_is_none(string text) => Assert.Throws<FormatException>(() => GenericResources.Parse(text));
}
