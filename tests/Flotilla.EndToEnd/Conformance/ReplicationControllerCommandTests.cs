using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Conformance;

/// <summary>What conformance asks of kubectl and ReplicationControllers.</summary>
public sealed class ReplicationControllerCommandTests(Cluster cluster)
{
    [Fact]
    public async Task A_controller_is_described_exposed_and_its_pods_annotated()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Controller("agnhost-primary", 1));
        await space.OkAsync("expose", "rc", "agnhost-primary", "--name=agnhost-primary", "--port=6379");
        await RunningAsync(space, "agnhost-primary", 1);
        await AssertDescribedAsync(space);

        await ExposedAsync(space, "rc", "agnhost-primary", "rm2", 1234);
        await ExposedAsync(space, "service", "rm2", "rm3", 2345);

        foreach (var pod in await space.PodsAsync("agnhost-primary"))
        {
            await space.OkAsync("patch", pod, "-p", """{"metadata":{"annotations":{"x":"y"}}}""");
        }

        var annotations = await space.OkAsync("get", "pods", "-l", "app=agnhost-primary", "-o", "jsonpath={.items[*].metadata.annotations.x}");
        Assert.Equal("y", annotations);
    }

    [Fact]
    public async Task A_controller_is_scaled_and_stopped()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Controller("update-demo-nautilus", 2));
        await RunningAsync(space, "update-demo-nautilus", 2);
        foreach (var count in new[] { 1, 2 })
        {
            await space.OkAsync("scale", "rc", "update-demo-nautilus", $"--replicas={count}", "--timeout=60s");
            await RunningAsync(space, "update-demo-nautilus", count);
        }

        await space.OkAsync("delete", "rc", "update-demo-nautilus", "--grace-period=0", "--force");
        await Eventually.GetAsync(() => space.OkAsync("get", "rc,pods", "-l", "app=update-demo-nautilus", "-o", "name"), left => left.Length == 0);
    }

    private static async Task AssertDescribedAsync(Space space)
    {
        var pod = (await space.PodsAsync("agnhost-primary"))[0];
        await AssertLinesAsync(space, [pod], "Name:", "Namespace:", "Node:", "Labels:", "app=agnhost-primary", "Status:", "Running", "IP:", "Controlled By:", "ReplicationController/agnhost-primary", "Image:", "State:", "QoS Class:");
        await AssertLinesAsync(space, ["rc", "agnhost-primary"], "Name:", "agnhost-primary", "Namespace:", space.Name, "Selector:", "app=agnhost-primary", "Labels:", "Replicas:", "1 current", "1 desired", "Pods Status:", "1 Running", "Pod Template:", "Image:", "Events:", "SuccessfulCreate");
        await AssertLinesAsync(space, ["service", "agnhost-primary"], "Name:", "Namespace:", "Labels:", "Selector:", "Type:", "ClusterIP", "IP:", "Port:", "<unset>", "6379/TCP", "Endpoints:", "Session Affinity:");
        await AssertLinesAsync(space, ["node"], "Name:", "Labels:", "Annotations:", "CreationTimestamp:", "Conditions:", "Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message", "Addresses:", "Capacity:", "Version:", "Kernel Version:", "OS Image:", "Container Runtime Version:", "Kubelet Version:", "Pods:");
        await AssertLinesAsync(space, ["namespace", space.Name], "Name:", space.Name, "Labels:", "Annotations:", "Status:", "Active");
    }

    private static async Task AssertLinesAsync(Space space, string[] what, params string[] expected)
    {
        var described = await space.OkAsync(["describe", .. what]);
        foreach (var text in expected)
        {
            Assert.Contains(text, described, StringComparison.Ordinal);
        }
    }

    private static async Task ExposedAsync(Space space, string kind, string source, string name, int port)
    {
        await space.OkAsync("expose", kind, source, $"--name={name}", $"--port={port}", "--target-port=6379");
        var service = JsonNode.Parse(await space.OkAsync("get", "service", name, "-o", "json"))!["spec"]!["ports"]!.AsArray().Single()!;
        Assert.Equal((port, 6379), ((int)service["port"]!, (int)service["targetPort"]!));
        await Eventually.GetAsync(
            () => space.OkAsync("get", "endpoints", name, "--ignore-not-found", "-o", "jsonpath={.subsets[*].addresses[*].targetRef.name}:{.subsets[*].ports[*].port}"),
            text => text.StartsWith("agnhost-primary-", StringComparison.Ordinal) && text.EndsWith(":6379", StringComparison.Ordinal), 30);
    }

    private static Task RunningAsync(Space space, string app, int count) => Eventually.GetAsync(
        () => space.OkAsync("get", "pods", "-l", $"app={app}", "-o", "jsonpath={range .items[*]}{.status.containerStatuses[0].ready} {.metadata.deletionTimestamp}{\"\\n\"}{end}"),
        pods => pods.Split('\n').Count(line => line.Trim() == "true") == count && pods.Split('\n').Length == count);

    private static string Controller(string name, int replicas) => $$$"""
        apiVersion: v1
        kind: ReplicationController
        metadata:
          name: {{{name}}}
          labels: {app: {{{name}}}}
        spec:
          replicas: {{{replicas}}}
          selector: {app: {{{name}}}}
          template:
            metadata: {labels: {app: {{{name}}}}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
                - name: web
                  image: my-image
                  imagePullPolicy: IfNotPresent
                  env: [{name: PORT, value: "6379"}]
                  ports: [{containerPort: 6379}]
        """;
}
