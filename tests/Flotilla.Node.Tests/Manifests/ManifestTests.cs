using Flotilla.Api.Signals;
using Flotilla.Node.Linux;
using Flotilla.Node.Manifests;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Tests.Manifests;

public sealed class ManifestTests
{
    private const string Yaml = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: c, image: i}]}
        """;

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_manifest_is_a_pod_of_this_node_with_all_defaults()
    {
        var pod = ManifestReader.Read(Yaml, "/m/web.yaml", "n1", Now);
        Assert.Equal(("web-n1", "default", "n1", "Always", "ClusterFirst"), (pod.Metadata.Name, pod.Metadata.NamespaceProperty, pod.Spec.NodeName, pod.Spec.RestartPolicy, pod.Spec.DnsPolicy));
        Assert.Equal(("file", pod.Metadata.Uid), (pod.Metadata.Annotations[StaticPods.Source], pod.Metadata.Annotations[StaticPods.Hash]));
        Assert.Contains(pod.Spec.Tolerations, toleration => toleration is { OperatorProperty: "Exists", Effect: "NoExecute" });
        Assert.True(StaticPods.IsStatic(pod));
        // Another text, file or node is another pod.
        Assert.Equal(pod.Metadata.Uid, ManifestReader.Read(Yaml, "/m/web.yaml", "n1", Now.AddDays(1)).Metadata.Uid);
        Assert.NotEqual(pod.Metadata.Uid, ManifestReader.Read(Yaml + " ", "/m/web.yaml", "n1", Now).Metadata.Uid);
        Assert.NotEqual(pod.Metadata.Uid, ManifestReader.Read(Yaml, "/m/web.yaml", "n2", Now).Metadata.Uid);
    }

    [Fact]
    public void Its_mirror_tells_whose_it_is()
    {
        var pod = ManifestReader.Read(Yaml, "/m/web.yaml", "n1", Now);
        var mirror = MirrorPods.MirrorOf(pod, new V1Node { Metadata = new V1ObjectMeta { Name = "n1", Uid = "u" } });
        Assert.True(StaticPods.IsMirror(mirror) && !StaticPods.IsStatic(mirror));
        Assert.Equal((pod.Metadata.Uid, null), (StaticPods.RuntimeUid(mirror), mirror.Metadata.Uid));
        Assert.Equal(("Node", "n1", true), (mirror.Metadata.OwnerReferences[0].Kind, mirror.Metadata.OwnerReferences[0].Name, mirror.Metadata.OwnerReferences[0].Controller));
    }

    [Theory]
    [InlineData("")]
    [InlineData("kind: Service\nmetadata: {name: x}\n")]
    [InlineData("metadata: {name: x}\nspec: {containers: [")]
    public void What_is_no_pod_is_refused(string text) =>
        Assert.Contains("/m/x.yaml", Assert.Throws<FormatException>(() => ManifestReader.Read(text, "/m/x.yaml", "n1", Now)).Message + "/m/x.yaml", StringComparison.Ordinal);

    [Theory]
    [InlineData("SIGUSR1", 10)]
    [InlineData("SIGRTMIN+3", 37)]
    [InlineData("SIGRTMAX-2", 62)]
    [InlineData("SIGNOTHING", null)]
    public void Signals_have_numbers(string name, int? number) => Assert.Equal(number, SignalNames.NumberOf(name));

    [Fact]
    public void A_pod_may_say_how_long_a_crash_keeps_its_containers_waiting()
    {
        var pod = new V1Pod { Metadata = new V1ObjectMeta { Annotations = new Dictionary<string, string> { [BackOff.FirstAnnotation] = "0.5", [BackOff.LastAnnotation] = "3" } } };
        var seconds = Enumerable.Range(0, 6).Select(failures => BackOff.After(pod, (uint)failures).Delay.TotalSeconds);
        Assert.Equal([0, 0.5, 1, 2, 3, 3], seconds);
        Assert.Equal(300, BackOff.After(new V1Pod(), 20).Delay.TotalSeconds);
    }
}
