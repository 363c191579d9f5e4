using Flotilla.Api.Services;
using Flotilla.Docker;
using Flotilla.Swarm.Networks.Attachments;
using k8s.Models;

namespace Flotilla.Swarm.Tests.Networks;

public sealed class AttachmentPlanTests
{
    private const string Container = "0123456789abcdef";
    private static readonly SwarmOptions Options = new() { Socket = "", NodeName = "manager", AttachmentImage = "pause" };
    private static readonly SwarmAttachment Wanted = new(Container, "a1", [new("net1", ["Web", "web", "alias"]), new("net2", ["web"])]);

    [Fact]
    public void A_pod_of_that_node_is_a_member_of_each_network()
    {
        var pod = AttachmentPlan.Pod(Wanted, "n1", Options);
        Assert.Equal(("docker-0123456789ab", "n1", "pause"), (pod.Metadata.Name, pod.Spec.NodeName, pod.Spec.Containers[0].Image));
        Assert.Equal("", pod.GetLabel("network.swarm.flotilla.dev/net1"));
        Assert.Equal("", pod.GetLabel("network.swarm.flotilla.dev/net2"));
        Assert.Null(pod.GetLabel("com.docker.swarm.task"));
        Assert.Empty(AttachmentPlan.Labels(pod, Wanted));
    }

    [Fact]
    public void Its_names_are_in_each_network_and_go_with_the_pod()
    {
        var pod = AttachmentPlan.Pod(Wanted, "n1", Options);
        pod.Metadata.Uid = "u";
        var names = AttachmentPlan.Names(pod, Wanted);
        Assert.Equal("web.net1.swarm alias.net1.swarm web.net2.swarm", names.Metadata.Annotations[ServiceAnnotations.DnsNames]);
        Assert.All(names.Spec.Selector, pair => Assert.Equal(pair.Value, pod.GetLabel(pair.Key)));
        Assert.Equal("u", Assert.Single(names.Metadata.OwnerReferences).Uid);
        Assert.Equal(["net1.swarm.cluster.local", "net2.swarm.cluster.local", "default.svc.cluster.local", "svc.cluster.local", "cluster.local"], AttachmentPlan.Search(Wanted, Options));
    }

    [Fact]
    public void A_change_of_networks_is_one_of_labels()
    {
        var pod = AttachmentPlan.Pod(Wanted, "n1", Options);
        var labels = AttachmentPlan.Labels(pod, Wanted with { Networks = [Wanted.Networks[0], new("net3", [])] });
        Assert.Equal("""{"network.swarm.flotilla.dev/net3":"","network.swarm.flotilla.dev/net2":null}""", labels.ToJsonString());
    }

    [Fact]
    public void Only_attachable_networks_are_given_and_no_place_without_any()
    {
        var allowed = AttachmentPlan.Allowed([Wanted, Wanted with { Networks = [new("net2", [])] }, Wanted with { Networks = [new("none", [])] }], [new("net1", "a", true, false), new("net2", "b", false, false)]);
        Assert.Equal("net1", Assert.Single(Assert.Single(allowed).Networks).Network);
    }
}
