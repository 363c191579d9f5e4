using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using Flotilla.Node.Volumes;
using k8s.Models;

namespace Flotilla.Node.Tests.Volumes;

public sealed class RecursiveReadOnlyTests
{
    [Theory]
    [InlineData(null, true, null, true, false)]
    [InlineData("Disabled", true, null, true, false)]
    [InlineData("IfPossible", true, null, true, true)]
    [InlineData("IfPossible", true, "None", false, false)]
    [InlineData("Enabled", true, null, true, true)]
    public void It_is_asked_of_runtimes_that_can(string? mode, bool readOnly, string? propagation, bool can, bool expected)
    {
        var mount = ContainerMounts.For(Request(mode, readOnly, propagation, can), new Dictionary<string, string>()).Single();
        Assert.Equal((readOnly, expected), (mount.Readonly, mount.RecursiveReadOnly));
    }

    [Theory]
    [InlineData("Enabled", true, null, false, "it is not supported by the runtime")]
    [InlineData("Enabled", false, null, true, "it is not read-only")]
    [InlineData("IfPossible", true, "HostToContainer", true, "it is not compatible with propagation \"HostToContainer\"")]
    public void What_cannot_be_is_refused_in_upstreams_words(string mode, bool readOnly, string? propagation, bool can, string why)
    {
        var refused = Assert.Throws<ContainerException>(() => ContainerMounts.For(Request(mode, readOnly, propagation, can), new Dictionary<string, string>()).ToList());
        Assert.Equal(("CreateContainerConfigError", $"failed to resolve recursive read-only mode: volume \"v\" requested recursive read-only mode, but {why}"), (refused.Reason, refused.Message));
    }

    private static ContainerRequest Request(string? mode, bool readOnly, string? propagation, bool can)
    {
        var container = new V1Container
        {
            Name = "c", VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v", ReadOnlyProperty = readOnly, RecursiveReadOnly = mode, MountPropagation = propagation }],
        };
        var volumes = new PodVolumes(new Dictionary<string, MountedVolume> { ["v"] = new MountedVolume("/data") });
        return new ContainerRequest(new V1Pod(), container, new Image(), 0, [], volumes, "/pod", "/hosts", "/log") { CanMountRecursively = can };
    }
}
