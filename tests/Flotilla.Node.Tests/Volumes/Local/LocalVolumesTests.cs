using Flotilla.Node.Volumes.Local;
using k8s.Models;

namespace Flotilla.Node.Tests.Volumes.Local;

public sealed class LocalVolumesTests
{
    private const string Directory = "/data/local-volumes";

    [Theory]
    [InlineData("WaitForFirstConsumer", "here", true)]
    [InlineData("WaitForFirstConsumer", "there", false)]
    [InlineData("WaitForFirstConsumer", null, false)]
    [InlineData("Immediate", null, true)]
    [InlineData("Immediate", "there", false)]
    public void A_node_serves_claims_whose_pod_comes_to_it_and_those_that_wait_for_none(string mode, string? selected, bool expected) =>
        Assert.Equal(expected, LocalVolumes.IsWanted(Claim(selected), Class(mode), "here"));

    [Fact]
    public void Claims_of_others_are_left_alone()
    {
        Assert.False(LocalVolumes.IsWanted(Claim("here"), null, "here"));
        Assert.False(LocalVolumes.IsWanted(Claim("here"), Class("WaitForFirstConsumer") with { Provisioner = "other" }, "here"));
        var bound = Claim("here");
        bound.Spec.VolumeName = "v";
        Assert.False(LocalVolumes.IsWanted(bound, Class("WaitForFirstConsumer"), "here"));
    }

    [Theory]
    [InlineData("/data/local-volumes/pvc-u_default_data", "here", true)]
    [InlineData("/data/local-volumes/pvc-u_default_data", "there", false)]
    [InlineData("/data/local-volumes/..", "here", false)]
    [InlineData("/data/local-volumes/.", "here", false)]
    [InlineData("/data/local-volumes", "here", false)]
    [InlineData("/data/local-volumes/a/b", "here", false)]
    [InlineData("/etc/passwd", "here", false)]
    public void Nothing_but_its_own_directories_is_ever_deleted(string path, string node, bool expected) =>
        Assert.Equal(expected, LocalVolumes.IsOf(LocalVolumes.For(Claim(node), Class("Immediate"), node, path), "here", Directory));

    [Fact]
    public void What_a_directory_cannot_give_is_refused()
    {
        var selecting = Claim("here");
        selecting.Spec.Selector = new V1LabelSelector();
        Assert.Equal("claim Selector is not supported", LocalVolumes.Refusal(selecting));
        Assert.Null(LocalVolumes.Refusal(Claim("here")));
    }

    private static V1StorageClass Class(string mode) => new()
    {
        Metadata = new V1ObjectMeta { Name = "standard" },
        Provisioner = LocalVolumes.Provisioner,
        VolumeBindingMode = mode,
        ReclaimPolicy = "Delete",
    };

    private static V1PersistentVolumeClaim Claim(string? selected)
    {
        var annotations = new Dictionary<string, string> { ["volume.kubernetes.io/storage-provisioner"] = LocalVolumes.Provisioner };
        if (selected is not null)
        {
            annotations["volume.kubernetes.io/selected-node"] = selected;
        }
        return new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "data", NamespaceProperty = "default", Uid = "u", Annotations = annotations },
            Spec = new V1PersistentVolumeClaimSpec
            {
                AccessModes = ["ReadWriteOnce"],
                Resources = new V1VolumeResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new("1Gi") } },
            },
        };
    }
}
