using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Tests;

public sealed class ContainerFarewellTests
{
    [Theory]
    [InlineData("web:0", "30: web")]
    [InlineData("dns:2000000000", "30: dns")]
    [InlineData("dns:2000000000 web:0 old:", "20: web old; 10: dns")]
    public void The_systems_own_pods_end_last(string containers, string order)
    {
        var waves = ContainerFarewell.Waves([.. containers.Split(' ').Select(one => one.Split(':')).Select(Container)], TimeSpan.FromSeconds(30));

        Assert.Equal(order, string.Join("; ", waves.Select(wave => $"{wave.Most.TotalSeconds}: {string.Join(' ', wave.Containers.Select(container => container.Id))}")));
    }

    private static Container Container(string[] parts)
    {
        var container = new Container { Id = parts[0] };
        if (parts[1].Length > 0)
        {
            container.Annotations[RuntimeLabels.Priority] = parts[1];
        }

        return container;
    }
}
