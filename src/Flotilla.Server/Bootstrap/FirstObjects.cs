using System.Net;
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

        await EnsureAsync(CoreKinds.Service, "default", Service("kubernetes", ApiAddress(), new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" }, null, [("https", 443, "TCP", options.Port)]), cancellationToken);
        await EnsureAsync(
            CoreKinds.Service,
            "kube-system",
            Service(
                "kube-dns",
                options.ClusterDns.ToString(),
                new JsonObject { ["k8s-app"] = "kube-dns", ["kubernetes.io/cluster-service"] = "true", ["kubernetes.io/name"] = "CoreDNS" },
                null,
                [("dns", 53, "UDP", 53), ("dns-tcp", 53, "TCP", 53)]),
            cancellationToken);
        if (options.LocalStorageClass)
        {
            await EnsureAsync(StorageKinds.StorageClass, null, LocalClass(), cancellationToken);
        }

        await PublishAddressAsync(cancellationToken);
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

    /// <summary>The first address of the service range.</summary>
    private string ApiAddress()
    {
        var bytes = IPNetwork.Parse(options.ServiceCidr).BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new IPAddress(bytes).ToString();
    }

    // Where the API server listens may change between starts: its endpoints follow.
    private async Task PublishAddressAsync(CancellationToken cancellationToken)
    {
        var advertised = options.AdvertiseAddress ?? options.BindAddress;
        if (advertised.Equals(IPAddress.Any) || advertised.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(advertised))
        {
            return; // Nobody else could reach it there, and the rules for endpoints refuse such addresses.
        }

        var address = advertised.ToString();
        var metadata = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["endpointslice.kubernetes.io/skip-mirror"] = "true" } };
        var subsets = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["ip"] = address }),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = options.Port, ["protocol"] = "TCP" }),
        });
        await ReplaceAsync(CoreKinds.Endpoints, new JsonObject { ["metadata"] = metadata, ["subsets"] = subsets }, cancellationToken);
        await ReplaceAsync(
            DiscoveryKinds.EndpointSlice,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "kubernetes" } },
                ["addressType"] = "IPv4",
                ["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(address), ["conditions"] = new JsonObject { ["ready"] = true, ["serving"] = true, ["terminating"] = false } }),
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = options.Port, ["protocol"] = "TCP" }),
            },
            cancellationToken);
    }

    private Task EnsureAsync(Kind kind, string? space, JsonObject value, CancellationToken cancellationToken) => objects.EnsureAsync(kind, space, value, cancellationToken);

    private Task ReplaceAsync(Kind kind, JsonObject value, CancellationToken cancellationToken) =>
        objects.ReplaceAsync(kind, new ObjectKey("default", "kubernetes"), value, cancellationToken);

    private static JsonObject Service(string name, string address, JsonObject labels, JsonObject? selector, IReadOnlyList<(string Name, int Port, string Protocol, int Target)> ports)
    {
        var spec = new JsonObject
        {
            ["clusterIP"] = address,
            ["ports"] = new JsonArray([.. ports.Select(port => new JsonObject { ["name"] = port.Name, ["port"] = port.Port, ["protocol"] = port.Protocol, ["targetPort"] = port.Target })]),
        };
        if (selector is not null)
        {
            spec["selector"] = selector;
        }

        return new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = labels }, ["spec"] = spec };
    }
}
