using Flotilla.Node.Pods;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Tests.Pods;

public sealed class DownwardApiTests
{
    private static readonly NodeCapacity Capacity = new(4, 1100L << 20, 1000, 110);

    private static readonly V1Pod Pod = new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "ns", Uid = "u", Labels = new Dictionary<string, string> { ["b"] = "2\n", ["a/x"] = "1" } },
        Spec = new V1PodSpec
        {
            NodeName = "n",
            Containers =
            [
                new V1Container
                {
                    Name = "c",
                    Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["memory"] = new("100Mi") } },
                },
            ],
        },
    };

    [Theory]
    [InlineData("metadata.name", "p")]
    [InlineData("metadata.labels", "a/x=\"1\"\nb=\"2\\n\"")]
    [InlineData("metadata.labels['a/x']", "1")]
    [InlineData("metadata.annotations['none']", "")]
    [InlineData("spec.serviceAccountName", "")]
    [InlineData("status.podIP", null)]
    [InlineData("spec.hostname", null)]
    public void Fields_are_told_to_files(string path, string? value) => Assert.Equal(value, DownwardApi.Field(Pod, path));

    [Theory]
    [InlineData("status.podIP", "192.0.2.7")]
    [InlineData("status.podIPs", "192.0.2.7,2001:db8::7")]
    [InlineData("status.hostIP", "192.0.2.1")]
    [InlineData("status.hostIPs", "192.0.2.1,2001:db8::1")]
    public void Addresses_are_told_to_variables(string path, string value) =>
        Assert.Equal(value, DownwardApi.Field(Pod, path, new PodNetwork(["192.0.2.7", "2001:db8::7"], ["192.0.2.1", "2001:db8::1"])));

    [Theory]
    [InlineData("limits.memory", "1Mi", "100")]
    [InlineData("requests.memory", "1", "104857600")]
    [InlineData("limits.cpu", null, "4")]
    [InlineData("limits.memory", "3Mi", "34")]
    [InlineData("requests.cpu", null, "0")]
    [InlineData("usage.cpu", null, null)]
    public void Resources_are_in_units_of_the_divisor(string resource, string? divisor, string? value)
    {
        var selector = new V1ResourceFieldSelector { Resource = resource, ContainerName = "c", Divisor = divisor is null ? null : new(divisor) };
        Assert.Equal(value, DownwardApi.Resource(Pod, null, selector, Capacity));
        selector.ContainerName = null;
        Assert.Equal(value, DownwardApi.Resource(Pod, Pod.Spec.Containers[0], selector, Capacity));
        Assert.Null(DownwardApi.Resource(Pod, null, selector, Capacity));
    }
}
