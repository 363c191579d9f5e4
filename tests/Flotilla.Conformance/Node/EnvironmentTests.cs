using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>What containers find in their environment, and in commands and arguments made from it.</summary>
public sealed class EnvironmentTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("env: [{name: V, valueFrom: {configMapKeyRef: {name: source, key: data_1}}}]", "V=value-1")]
    [InlineData("envFrom: [{configMapRef: {name: source}}]", "data_1=value-1")]
    [InlineData("envFrom: [{prefix: p_, configMapRef: {name: source}}, {prefix: '123-', configMapRef: {name: source}}, {prefix: '#$!', configMapRef: {name: source}}]", "p_data_1=value-1|123-data_1=value-1|#$!data_1=value-1")]
    [InlineData("env: [{name: V, valueFrom: {secretKeyRef: {name: source, key: data_1}}}]", "V=secret-1")]
    [InlineData("envFrom: [{secretRef: {name: source}}]", "data_1=secret-1")]
    [InlineData("envFrom: [{prefix: p_, secretRef: {name: source}}, {prefix: '123-', secretRef: {name: source}}, {prefix: '#$!', secretRef: {name: source}}]", "p_data_1=secret-1|123-data_1=secret-1|#$!data_1=secret-1")]
    [InlineData("env: [{name: FOO, value: foo-value}, {name: BAR, value: bar-value}, {name: FOOBAR, value: '$(FOO);;$(BAR)'}]", "FOOBAR=foo-value;;bar-value")]
    public async Task Variables_come_from_maps_secrets_and_each_other(string container, string expected)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.CoreV1.CreateNamespacedConfigMapAsync(new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "source" }, Data = new Dictionary<string, string> { ["data_1"] = "value-1" } }, space.Name);
        await space.Client.CoreV1.CreateNamespacedSecretAsync(new V1Secret { Metadata = new V1ObjectMeta { Name = "source" }, StringData = new Dictionary<string, string> { ["data_1"] = "secret-1" } }, space.Name);
        var lines = (await space.OutputAsync(PodYaml.For("env", $"{{name: main, image: my-image, imagePullPolicy: Never, command: [env], {container}}}", "restartPolicy: Never"))).Split('\n');
        Assert.All(expected.Split('|'), line => Assert.Contains(line, lines));
    }

    [Fact]
    public async Task The_downward_api_tells_the_pod_its_names_addresses_and_resources()
    {
        await using var space = await Space.CreateAsync(cluster);
        string Field(string name, string path) => $"{{name: {name}, valueFrom: {{fieldRef: {{fieldPath: {path}}}}}}}";
        string Amount(string name, string resource) => $"{{name: {name}, valueFrom: {{resourceFieldRef: {{resource: {resource}}}}}}}";
        var env = string.Join(", ",
            Field("N", "metadata.name"), Field("NS", "metadata.namespace"), Field("U", "metadata.uid"), Field("IP", "status.podIP"), Field("H", "status.hostIP"),
            Field("HS", "status.hostIPs"), Amount("CL", "limits.cpu"), Amount("ML", "limits.memory"), Amount("CR", "requests.cpu"), Amount("MR", "requests.memory"));
        var log = await space.OutputAsync(PodYaml.Once("down", "echo $N $NS $U $IP $H $HS $CL $ML $CR $MR", $"env: [{env}], resources: {{requests: {{cpu: 250m, memory: 32Mi}}, limits: {{cpu: 1250m, memory: 64Mi}}}}"));
        var pod = await space.PodAsync("down");
        var host = string.Join(',', pod.Status.HostIPs.Select(address => address.Ip));
        Assert.Equal($"down {space.Name} {pod.Metadata.Uid} {pod.Status.PodIP} {pod.Status.HostIP} {host} 2 67108864 1 33554432\n", log);
    }

    [Fact]
    public async Task Limits_that_are_not_set_are_what_the_node_can_give()
    {
        await using var space = await Space.CreateAsync(cluster);
        string Amount(string name, string resource) => $"{{name: {name}, valueFrom: {{resourceFieldRef: {{resource: {resource}}}}}}}";
        var log = await space.OutputAsync(PodYaml.Once("defaults", "echo $CL $ML", $"env: [{Amount("CL", "limits.cpu")}, {Amount("ML", "limits.memory")}]"));
        var node = await space.Client.CoreV1.ReadNodeAsync((await space.PodAsync("defaults")).Spec.NodeName);
        Assert.Equal($"{node.Status.Allocatable["cpu"].ToDecimal():0} {node.Status.Allocatable["memory"].ToDecimal():0}\n", log);
    }

    [Fact]
    public async Task Variables_are_put_into_commands_and_arguments()
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(PodYaml.For(
            "expand",
            "{name: main, image: my-image, imagePullPolicy: Never, env: [{name: T, value: test-value}], command: [sh, -c, 'echo \"$(T)\" $0 $1'], args: ['$(T)', '$$(T)']}",
            "restartPolicy: Never"));
        Assert.Equal("test-value test-value $(T)\n", log);
    }

    [Fact]
    public async Task Services_are_in_the_environment()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync("""
            apiVersion: v1
            kind: Service
            metadata: {name: fooservice}
            spec: {selector: {app: none}, ports: [{port: 8765, targetPort: 8080}]}
            """);
        var service = await space.Client.CoreV1.ReadNamespacedServiceAsync("fooservice", space.Name);
        var lines = (await space.OutputAsync(PodYaml.Once("client", "env"))).Split('\n');
        var ip = service.Spec.ClusterIP;
        Assert.All(
            (string[])[$"FOOSERVICE_SERVICE_HOST={ip}", "FOOSERVICE_SERVICE_PORT=8765", $"FOOSERVICE_PORT=tcp://{ip}:8765", $"FOOSERVICE_PORT_8765_TCP=tcp://{ip}:8765", "FOOSERVICE_PORT_8765_TCP_PROTO=tcp", "FOOSERVICE_PORT_8765_TCP_PORT=8765", $"FOOSERVICE_PORT_8765_TCP_ADDR={ip}"],
            line => Assert.Contains(line, lines));
    }
}
