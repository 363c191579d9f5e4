using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Api.Tests.Kinds;

public sealed class PodRulesTests
{
    private const string Plain = """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"nginx"}]}}""";

    [Fact]
    public void Fills_what_the_author_left_out()
    {
        var spec = Given.Created(CoreKinds.Pod, Plain)["spec"]!;

        Given.Same("""
            {"containers":[{"name":"c","image":"nginx","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"Always"}],
             "restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","securityContext":{},"schedulerName":"default-scheduler","enableServiceLinks":true}
            """, spec);
    }

    [Theory]
    [InlineData("nginx", "Always")]
    [InlineData("nginx:latest", "Always")]
    [InlineData("nginx:1.25", "IfNotPresent")]
    [InlineData("registry:5000/nginx", "Always")]
    [InlineData("registry:5000/nginx:1", "IfNotPresent")]
    [InlineData("nginx@sha256:abc", "IfNotPresent")]
    public void Pulls_images_that_may_move(string image, string policy)
    {
        var pod = Given.Created(CoreKinds.Pod, Plain.Replace("\"nginx\"", $"\"{image}\"", StringComparison.Ordinal));

        Assert.Equal(policy, pod["spec"].Objects("containers").Single().String("imagePullPolicy"));
    }

    [Theory]
    [InlineData("{}", "BestEffort")]
    [InlineData("""{"limits":{"cpu":"1"}}""", "Burstable")]
    [InlineData("""{"limits":{"cpu":"1","memory":"1Gi"}}""", "Guaranteed")]
    [InlineData("""{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}}""", "Burstable")]
    public void Derives_the_quality_of_service(string resources, string quality)
    {
        var pod = Given.Created(CoreKinds.Pod, $$$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{{{resources}}}}]}}""");

        Given.Same($$"""{"phase":"Pending","qosClass":"{{quality}}"}""", pod["status"]);
    }

    [Fact]
    public void Reports_everything_that_is_wrong() => Assert.Equal(
        [
            "spec.containers[0].name: Required value",
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "spec.containers[0].ports[0].protocol: Unsupported value: \"ABC\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
            "spec.containers[0].volumeMounts[0].name: Not found: \"nope\"",
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
            "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"",
            "spec.tolerations[0].operator: Invalid value: \"v\": value must be empty when `operator` is 'Exists'",
        ],
        Given.Errors("pods", """
            {"metadata":{"name":"p"},"spec":{"restartPolicy":"Sometimes","tolerations":[{"operator":"Exists","value":"v"}],"containers":[
              {"image":"i","ports":[{"containerPort":70000,"protocol":"ABC"}],"volumeMounts":[{"name":"nope","mountPath":"/x"}],
               "resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}}]}}
            """));

    [Fact]
    public void A_running_pod_may_change_its_image_only()
    {
        var old = Given.Created(CoreKinds.Pod, Plain);
        var image = old.Copy();
        image["spec"].Objects("containers").Single()["image"] = "other";
        var network = old.Copy();
        network["spec"]!["hostNetwork"] = true;

        Assert.Empty(Given.Errors(CoreKinds.Pod, image, old));
        Assert.StartsWith("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`", Assert.Single(Given.Errors(CoreKinds.Pod, network, old)), StringComparison.Ordinal);
    }

    [Fact]
    public void Pods_without_a_node_go_at_once()
    {
        var pod = Given.Created(CoreKinds.Pod, Plain);
        Assert.Equal(0, CoreKinds.Pod.GracePeriod!(pod));

        pod["spec"]!["nodeName"] = "n";
        Assert.Equal(30, CoreKinds.Pod.GracePeriod!(pod));
    }
}
