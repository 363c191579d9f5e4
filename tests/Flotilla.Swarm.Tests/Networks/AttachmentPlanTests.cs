using Flotilla.Api.Services;
using Flotilla.Docker;
using Flotilla.Swarm.Networks.Attachments;
using k8s.Models;

namespace Flotilla.Swarm.Tests.Networks;

public sealed class AttachmentPlanTests
{
    private const string Container = "0123456789abcdef";
    private static readonly SwarmOptions Options = new() { Socket = "", NodeName = "n1", AttachmentImage = "pause" };
    private static readonly SwarmNetwork[] Networks = [new("net1", "inner", true, false), new("net2", "other", true, false)];

    [Fact]
    public void A_pod_of_this_machine_is_a_member_of_each_network()
    {
        var pod = AttachmentPlan.Pod(Container, Networks, Options);
        Assert.Equal(("docker-0123456789ab", "n1", "pause"), (pod.Metadata.Name, pod.Spec.NodeName, pod.Spec.Containers[0].Image));
        Assert.Equal("", pod.GetLabel("network.swarm.flotilla.dev/net1"));
        Assert.Equal("", pod.GetLabel("network.swarm.flotilla.dev/net2"));
        Assert.Null(pod.GetLabel("com.docker.swarm.task"));
    }

    [Fact]
    public void Its_names_are_in_each_network_and_go_with_the_pod()
    {
        var pod = AttachmentPlan.Pod(Container, Networks, Options);
        pod.Metadata.Uid = "u";
        var names = AttachmentPlan.Names(pod, Container, Networks, ["Web", "web", "alias"]);
        Assert.Equal("web.net1.swarm alias.net1.swarm web.net2.swarm alias.net2.swarm", names.Metadata.Annotations[ServiceAnnotations.DnsNames]);
        Assert.All(names.Spec.Selector, pair => Assert.Equal(pair.Value, pod.GetLabel(pair.Key)));
        Assert.Equal("u", Assert.Single(names.Metadata.OwnerReferences).Uid);
        Assert.Equal(["net1.swarm.cluster.local", "net2.swarm.cluster.local", "default.svc.cluster.local", "svc.cluster.local", "cluster.local"], AttachmentPlan.Search(Networks, Options));
    }
}
