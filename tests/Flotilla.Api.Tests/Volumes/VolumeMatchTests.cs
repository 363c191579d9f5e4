using Flotilla.Api.Volumes;
using k8s.Models;

namespace Flotilla.Api.Tests.Volumes;

public sealed class VolumeMatchTests
{
    [Fact]
    public void The_smallest_volume_that_is_enough_wins() =>
        Assert.Equal("middle", Find(Claim("5Gi"), Volume("big", "20Gi"), Volume("small", "1Gi"), Volume("middle", "10Gi")));

    [Fact]
    public void A_volume_kept_for_the_claim_beats_a_smaller_one()
    {
        var kept = Volume("kept", "50Gi");
        kept.Spec.ClaimRef = new V1ObjectReference { Name = "data", NamespaceProperty = "default" };
        Assert.Equal("kept", Find(Claim("5Gi"), Volume("free", "5Gi"), kept));
    }

    [Fact]
    public void Fewer_access_modes_come_before_a_smaller_size()
    {
        var shared = Volume("shared", "5Gi");
        shared.Spec.AccessModes = ["ReadWriteOnce", "ReadWriteMany"];
        Assert.Equal("plain", Find(Claim("5Gi"), shared, Volume("plain", "10Gi")));
    }

    [Fact]
    public void Labels_must_match_the_selector()
    {
        var claim = Claim("1Gi");
        claim.Spec.Selector = new V1LabelSelector { MatchExpressions = [new() { Key = "tier", OperatorProperty = "In", Values = ["fast"] }] };
        var fast = Volume("fast", "9Gi");
        fast.Metadata.Labels = new Dictionary<string, string> { ["tier"] = "fast" };
        Assert.Equal("fast", Find(claim, Volume("slow", "1Gi"), fast));
    }

    [Theory]
    [InlineData("phase")]
    [InlineData("class")]
    [InlineData("mode")]
    [InlineData("access")]
    [InlineData("attributes")]
    [InlineData("deleted")]
    [InlineData("taken")]
    [InlineData("size")]
    public void A_volume_is_passed_over_for(string reason)
    {
        var volume = Volume("v", "5Gi");
        switch (reason)
        {
            case "phase": volume.Status.Phase = "Released"; break;
            case "class": volume.Spec.StorageClassName = "other"; break;
            case "mode": volume.Spec.VolumeMode = "Block"; break;
            case "access": volume.Spec.AccessModes = ["ReadOnlyMany"]; break;
            case "attributes": volume.Spec.VolumeAttributesClassName = "gold"; break;
            case "deleted": volume.Metadata.DeletionTimestamp = DateTime.UnixEpoch; break;
            case "taken": volume.Spec.ClaimRef = new V1ObjectReference { Name = "data", NamespaceProperty = "other" }; break;
            case "size": volume.Spec.Capacity["storage"] = new ResourceQuantity("4Gi"); break;
        }
        Assert.Null(Find(Claim("5Gi"), volume));
    }

    [Fact]
    public void While_the_consumer_is_awaited_only_a_kept_volume_counts()
    {
        Assert.Null(VolumeMatch.Find(Claim("1Gi"), [Volume("v", "1Gi")], waits: true));
        var kept = Volume("kept", "1Gi");
        kept.Spec.ClaimRef = new V1ObjectReference { Name = "data", NamespaceProperty = "default" };
        Assert.Equal("kept", VolumeMatch.Find(Claim("1Gi"), [kept], waits: true)?.Metadata.Name);
    }

    [Fact]
    public void A_node_sees_only_volumes_within_its_reach() =>
        Assert.Equal("near", VolumeMatch.FindOn(Claim("1Gi"), [Volume("far", "1Gi"), Volume("near", "3Gi")], volume => volume.Metadata.Name == "near")?.Metadata.Name);

    [Fact]
    public void A_named_volume_that_does_not_fit_is_refused_with_the_reason()
    {
        Assert.Equal("requested PV is too small", VolumeMatch.Misfit(Claim("9Gi"), Volume("v", "1Gi")));
        var other = Volume("v", "9Gi");
        other.Spec.StorageClassName = "x";
        Assert.Equal("storageClassName does not match", VolumeMatch.Misfit(Claim("9Gi"), other));
        Assert.Null(VolumeMatch.Misfit(Claim("9Gi"), Volume("v", "9Gi")));
    }

    private static string? Find(V1PersistentVolumeClaim claim, params V1PersistentVolume[] volumes) =>
        VolumeMatch.Find(claim, volumes, waits: false)?.Metadata.Name;

    private static V1PersistentVolumeClaim Claim(string size) => new()
    {
        Metadata = new V1ObjectMeta { Name = "data", NamespaceProperty = "default", Uid = "u" },
        Spec = new V1PersistentVolumeClaimSpec
        {
            AccessModes = ["ReadWriteOnce"],
            Resources = new V1VolumeResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) } },
        },
    };

    private static V1PersistentVolume Volume(string name, string size) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PersistentVolumeSpec
        {
            AccessModes = ["ReadWriteOnce"],
            Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) },
        },
        Status = new V1PersistentVolumeStatus { Phase = "Available" },
    };
}
