using System.Text.Json.Nodes;
using Flotilla.Api.Pods;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Tests.Pods;

public sealed class SpecAmendmentTests
{
    [Fact]
    public void Sets_limits_beside_those_that_are_there()
    {
        var spec = JsonNode.Parse("""{"process":{"rlimits":[{"type":"RLIMIT_NOFILE","soft":1,"hard":1},{"type":"RLIMIT_CORE","soft":2,"hard":2}]}}""")!.AsObject();
        SpecAmendment.For(PodWith((PodAnnotations.Ulimits, "nofile=10:20 memlock=-1"), (PodAnnotations.PidsLimit, "9")))!.Apply(spec);
        Assert.Equal(
            """{"process":{"rlimits":[{"type":"RLIMIT_CORE","soft":2,"hard":2},{"type":"RLIMIT_NOFILE","soft":10,"hard":20},{"type":"RLIMIT_MEMLOCK","soft":18446744073709551615,"hard":18446744073709551615}]},"linux":{"resources":{"pids":{"limit":9}}}}""",
            spec.ToJsonString());
    }

    [Fact]
    public void Nothing_is_changed_unasked_and_nonsense_is_refused()
    {
        Assert.Null(SpecAmendment.For(PodWith()));
        Assert.Throws<ContainerException>(() => SpecAmendment.For(PodWith((PodAnnotations.Ulimits, "nofile"))));
        Assert.Throws<ContainerException>(() => SpecAmendment.For(PodWith((PodAnnotations.PidsLimit, "many"))));
    }

    private static V1Pod PodWith(params (string Key, string Value)[] annotations) =>
        new() { Metadata = new V1ObjectMeta { Annotations = annotations.ToDictionary(pair => pair.Key, pair => pair.Value) } };
}
