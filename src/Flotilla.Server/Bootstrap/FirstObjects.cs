using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Bootstrap.Rbac;
using Flotilla.Server.Fairness;

namespace Flotilla.Server.Bootstrap;

/// <summary>The objects every cluster has from its first moment. Made if missing; what people changed stays.</summary>
internal sealed class FirstObjects(BuiltInObjects objects, ApiServerOptions options)
{
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        foreach (var name in (string[])["default", "kube-system", "kube-public", "kube-node-lease"])
        {
            await EnsureAsync(CoreKinds.Namespace, null, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, cancellationToken);
        }

        foreach (var (name, value, description) in ((string, long, string)[])
        [
            ("system-cluster-critical", 2_000_000_000, "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."),
            ("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
        ])
        {
            await EnsureAsync(
                SchedulingKinds.PriorityClass,
                null,
                new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["value"] = value, ["description"] = description },
                cancellationToken);
        }

        await EnsureAsync(
            CoreKinds.Service,
            "kube-system",
            Service(
                "kube-dns",
                options.ClusterDns.ToString(),
                new JsonObject { ["k8s-app"] = "kube-dns", ["kubernetes.io/cluster-service"] = "true", ["kubernetes.io/name"] = "CoreDNS" },
                [("dns", 53, "UDP", 53), ("dns-tcp", 53, "TCP", 53)]),
            cancellationToken);
        if (options.LocalStorageClass)
        {
            await EnsureAsync(StorageKinds.StorageClass, null, LocalClass(), cancellationToken);
        }

        if (options.IngressController is { } controller)
        {
            await EnsureAsync(NetworkingKinds.IngressClass, null, DefaultIngressClass(controller), cancellationToken);
        }

        await new BuiltInRoles(objects).EnsureAsync(cancellationToken);
        await new BuiltInFlows(objects).EnsureAsync(cancellationToken);
    }

    /// <summary>What claims without a class get: a directory of the node that their first pod runs on.</summary>
    private static JsonObject LocalClass() => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = "standard",
            ["annotations"] = new JsonObject { ["storageclass.kubernetes.io/is-default-class"] = "true" },
        },
        ["provisioner"] = "flotilla.dev/local-path",
        ["reclaimPolicy"] = "Delete",
        ["volumeBindingMode"] = "WaitForFirstConsumer",
        ["allowVolumeExpansion"] = true,
    };

    private static JsonObject DefaultIngressClass(string controller) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = "flotilla",
            ["annotations"] = new JsonObject { ["ingressclass.kubernetes.io/is-default-class"] = "true" },
        },
        ["spec"] = new JsonObject { ["controller"] = controller },
    };

    private Task EnsureAsync(Kind kind, string? space, JsonObject value, CancellationToken cancellationToken) => objects.EnsureAsync(kind, space, value, cancellationToken);

    public static JsonObject Service(string name, string address, JsonObject labels, IReadOnlyList<(string Name, int Port, string Protocol, int Target)> ports)
    {
        var spec = new JsonObject
        {
            ["clusterIP"] = address,
            ["ports"] = new JsonArray([.. ports.Select(port => new JsonObject { ["name"] = port.Name, ["port"] = port.Port, ["protocol"] = port.Protocol, ["targetPort"] = port.Target })]),
        };
        return new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = labels }, ["spec"] = spec };
    }
}
