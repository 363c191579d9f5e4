using k8s.Models;

namespace Flotilla.Controllers.Tests.ReplicaSets;

internal static class Sets
{
    public static Dictionary<string, string> Labels => new() { ["app"] = "web" };

    public static V1ReplicaSet New(string name, int replicas) => new()
    {
        ApiVersion = "apps/v1",
        Kind = "ReplicaSet",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ReplicaSetSpec { Replicas = replicas, Selector = new V1LabelSelector { MatchLabels = Labels }, Template = Template("image:1") },
    };

    public static V1PodTemplateSpec Template(string image) => new()
    {
        Metadata = new V1ObjectMeta { Labels = Labels },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "web", Image = image }] },
    };
}
