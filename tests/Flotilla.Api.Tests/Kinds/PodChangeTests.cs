using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Api.Tests.Kinds;

/// <summary>Which changes of a pod are refused, of the pod itself and through its subresources.</summary>
public sealed class PodChangeTests
{
    private const string Plain = """
        {"metadata":{"name":"p","labels":{"a":"b"}},"spec":{"tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute"}],"initContainers":[{"name":"i","image":"i"}],
         "containers":[{"name":"c","image":"nginx","resources":{"requests":{"cpu":"1","memory":"1Gi"},"limits":{"memory":"2Gi"}}}]}}
        """;

    [Theory]
    [InlineData("""{"containers":null}""", "spec.containers: Required value|spec.containers: Forbidden: pod updates may not add or remove containers")]
    [InlineData("""{"activeDeadlineSeconds":5}""", "")]
    [InlineData("""{"activeDeadlineSeconds":0}""", "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive")]
    [InlineData("""{"tolerations":[]}""", "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds")]
    [InlineData("""{"tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":5},{"key":"l","operator":"Exists"}]}""", "")]
    [InlineData("""{"schedulingGates":[{"name":"a/b"}]}""", "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a/b'")]
    public void Pods_are_nearly_immutable(string change, string errors) => Assert.Equal(Split(errors), Given.Errors(CoreKinds.Pod, Changed(Pod(), change), Pod()));

    [Theory]
    [InlineData("""{"nodeSelector":{"x":"y","z":"w"}}""", "")]
    [InlineData("""{"nodeSelector":{"z":"w"}}""", "spec.nodeSelector: Invalid value: {\"z\":\"w\"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)")]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"Exists"}]}]}}}}""", "")]
    public void Gated_pods_can_be_steered(string change, string errors)
    {
        var old = Changed(Pod(), """{"schedulingGates":[{"name":"a/b"}],"nodeSelector":{"x":"y"}}""");

        Assert.Equal(Split(errors), Given.Errors(CoreKinds.Pod, Changed(old, change), old));
    }

    [Theory]
    [InlineData("""{"cpu":"2","memory":"1Gi"}""", "")]
    [InlineData("""{"cpu":"1"}""", "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed")]
    [InlineData("""{"cpu":"1","memory":"1Gi","ephemeral-storage":"1"}""", "spec: Forbidden: only cpu and memory resources are mutable")]
    [InlineData("""{"cpu":"1","memory":"3Gi"}""", "spec.containers[0].resources.requests: Invalid value: \"3Gi\": must be less than or equal to memory limit of 2Gi")]
    public void A_resize_changes_cpu_and_memory(string requests, string errors)
    {
        var (item, old) = (Pod(), Pod());
        item["spec"].Objects("containers").Single().Child("resources")["requests"] = JsonNode.Parse(requests);
        item["spec"].Objects("containers").Single()["image"] = "ignored";
        var part = CoreKinds.Pod.Parts["resize"];

        part.Prepare!(item, old);

        Assert.Equal("nginx", item["spec"].Objects("containers").Single().String("image"));
        Assert.Equal(Split(errors), part.Check(item, old).Select(error => error.ToString()));
    }

    [Theory]
    [InlineData("""[{"name":"e","image":"i"},{"name":"f","image":"i"}]""", "")]
    [InlineData("""[{"name":"f","image":"i"}]""", "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"e\" may not be removed\n")]
    [InlineData("""[{"name":"e","image":"i"},{"name":"c","image":"i"}]""", "spec.ephemeralContainers[1].name: Duplicate value: \"c\"")]
    [InlineData("""[{"name":"e","image":"i"},{"name":"f","image":"i","targetContainerName":"x"}]""", "spec.ephemeralContainers[1].targetContainerName: Not found: \"x\"")]
    [InlineData("""[{"name":"e","image":"i"},{"name":"f","image":"i","ports":[{"containerPort":1}]}]""", "spec.ephemeralContainers[1].ports: Forbidden: cannot be set for an Ephemeral Container")]
    public void Ephemeral_containers_only_come(string containers, string errors)
    {
        var old = Changed(Pod(), """{"ephemeralContainers":[{"name":"e","image":"i"}]}""");
        var item = Changed(old, $$"""{"ephemeralContainers":{{containers}},"hostname":"ignored"}""");
        var part = CoreKinds.Pod.Parts["ephemeralcontainers"];

        part.Prepare!(item, old);

        Assert.Null(item["spec"]!["hostname"]);
        Assert.Equal(Split(errors), part.Check(item, old).Select(error => error.ToString()));
    }

    [Fact]
    public void What_ended_for_good_does_not_run_again()
    {
        var old = Changed(Pod(), """{"restartPolicy":"Never"}""");
        old["status"] = JsonNode.Parse("""{"qosClass":"Burstable","containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":1}}}]}""");
        var item = old.Copy();
        item["status"] = JsonNode.Parse("""{"qosClass":"Guaranteed","containerStatuses":[{"name":"c","state":{"running":{}}}]}""");

        Assert.Equal(["status.qosClass: Invalid value: \"Guaranteed\": field is immutable", "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"],
            CoreKinds.Pod.Parts["status"].Check(item, old).Select(error => error.ToString()));
    }

    private static string[] Split(string errors) => errors.Split('|', StringSplitOptions.RemoveEmptyEntries);

    private static JsonObject Pod() => Given.Created(CoreKinds.Pod, Plain);

    private static JsonObject Changed(JsonObject pod, string change)
    {
        var copy = pod.Copy();
        foreach (var (field, value) in Given.Json(change))
        {
            copy.Child("spec")[field] = value?.DeepClone();
        }

        new Flotilla.Api.Schema.Normalizer().Normalize(copy, CoreKinds.Pod.Schema);
        CoreKinds.Pod.Default!(copy);
        return copy;
    }
}
