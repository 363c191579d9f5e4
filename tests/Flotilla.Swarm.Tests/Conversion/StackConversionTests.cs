using System.Text.Json.Nodes;
using Flotilla.Swarm.Conversion;

namespace Flotilla.Swarm.Tests.Conversion;

public sealed class StackConversionTests
{
    private const string Compose = """
        {"services":{"web_1":{"image":"web","command":"serve --name 'a b'","environment":["A=1"],"ports":["8080:80","53/udp"],"user":"app","build":".",
        "configs":[{"source":"c","target":"/etc/c"}],"volumes":["data:/data:ro","/srv:/srv"],"healthcheck":{"test":["CMD","true"],"interval":"1m"},
        "deploy":{"replicas":3,"update_config":{"order":"start-first"},"resources":{"limits":{"cpus":"0.5","memory":"64M"}},"placement":{"constraints":["node.labels.zone == a","node.role==manager"]}}},
        "once":{"image":"job","deploy":{"mode":"replicated-job","replicas":2}},"every":{"image":"agent","deploy":{"mode":"global"}}},
        "volumes":{"data":null},"configs":{"c":{"file":"./c.txt"}},"secrets":{"s":{"external":true}}}
        """;

    private static readonly StackConversion Conversion = new((JsonObject)JsonNode.Parse(Compose)!, name => System.Text.Encoding.UTF8.GetBytes("content of " + name));
    private static readonly IReadOnlyList<JsonObject> Objects = Conversion.Objects();

    [Fact]
    public void Each_service_becomes_what_its_mode_asks_for() => Assert.Equal(
        ["ConfigMap/c", "PersistentVolumeClaim/data", "Deployment/web-1", "Service/web-1", "Job/once", "DaemonSet/every"],
        Objects.Select(one => $"{one["kind"]}/{one["metadata"]!["name"]}"));

    [Fact]
    public void Containers_ports_and_updates_are_as_they_were()
    {
        var deployment = Objects[2]["spec"]!;
        var container = deployment["template"]!["spec"]!["containers"]![0]!;
        Assert.Equal("""["serve","--name","a b"]""", container["args"]!.ToJsonString());
        Assert.Equal("""{"limits":{"cpu":"0.5","memory":"64Mi"}}""", container["resources"]!.ToJsonString());
        Assert.Equal(60, (int)container["livenessProbe"]!["periodSeconds"]!);
        Assert.Equal("""{"maxSurge":1,"maxUnavailable":0}""", deployment["strategy"]!["rollingUpdate"]!.ToJsonString());
        Assert.Equal("""{"zone":"a"}""", deployment["template"]!["spec"]!["nodeSelector"]!.ToJsonString());
        Assert.Equal(
            """[{"name":"tcp-80","port":8080,"targetPort":80,"protocol":"TCP"},{"name":"udp-53","port":53,"targetPort":53,"protocol":"UDP"}]""",
            Objects[3]["spec"]!["ports"]!.ToJsonString());
        Assert.Equal("LoadBalancer", (string?)Objects[3]["spec"]!["type"]);
    }

    [Fact]
    public void What_has_no_counterpart_is_told() => Assert.Equal(
        [
            "secret s is kept elsewhere: make a Secret s with the key 'data'", "service web_1: build is left out", "service web_1: the constraint node.role==manager is left out",
            "service web_1: the user app is a name; Kubernetes wants its number in securityContext.runAsUser",
        ],
        Conversion.Remarks.Order(StringComparer.Ordinal));
}
