using k8s.Models;

namespace Flotilla.Controllers.Tests.Services;

internal static class Examples
{
    public static string Zone(string node) => $"zone-of-{node}";

    public static V1Service Service() => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "service" },
        Spec = new V1ServiceSpec
        {
            ClusterIP = "10.96.0.5",
            Selector = new Dictionary<string, string> { ["app"] = "web" },
            Ports = [new V1ServicePort { Port = 80, TargetPort = "8080", Protocol = "TCP" }],
        },
    };

    public static V1Pod Pod(string name, bool ready = true, string? ip = "10.244.0.1", string phase = "Running", int port = 8080) => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = "default",
            Uid = name,
            Labels = new Dictionary<string, string> { ["app"] = "web" },
        },
        Spec = new V1PodSpec
        {
            NodeName = "node-1",
            Containers = [new V1Container { Name = "web", Ports = [new V1ContainerPort { Name = "web", ContainerPort = port, Protocol = "TCP" }] }],
        },
        Status = new V1PodStatus
        {
            Phase = phase,
            PodIP = ip,
            PodIPs = ip is null ? null : [new V1PodIP { Ip = ip }],
            Conditions =
            [
                new V1PodCondition
                {
                    Type = "Ready",
                    Status = ready ? "True" : "False",
                    LastTransitionTime = new DateTime(2026, 1, 1, 0, 0, 30, DateTimeKind.Utc),
                },
            ],
        },
    };
}
