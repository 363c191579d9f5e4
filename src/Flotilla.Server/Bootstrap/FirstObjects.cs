using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Bootstrap;

/// <summary>The objects every cluster has from its first moment. Made if missing; what people changed stays.</summary>
public sealed class FirstObjects(ObjectStore objects, ApiServerOptions options)
{
    private static readonly WriteOptions Writing = new("flotilla");

    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        foreach (var name in (string[])["default", "kube-system", "kube-public", "kube-node-lease"])
        {
            await EnsureAsync(CoreKinds.Namespace, null, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, cancellationToken);
        }

        foreach (var (name, value, description) in ((string, long, string)[])
        [
            ("system-cluster-critical", 2_000_000_000, "For pods the cluster needs, which may run on any node."),
            ("system-node-critical", 2_000_001_000, "For pods their node needs, which cannot move."),
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
        await PublishAddressAsync(cancellationToken);
    }

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
        var address = (options.AdvertiseAddress ?? options.BindAddress).ToString();
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

    private async Task EnsureAsync(Kind kind, string? space, JsonObject value, CancellationToken cancellationToken)
    {
        var name = value.Object("metadata").String("name")!;
        if (await objects.FindAsync(kind, new ObjectKey(space, name), cancellationToken) is not null)
        {
            return;
        }

        await objects.CreateAsync(kind, space, Complete(kind, value), Writing, cancellationToken);
    }

    private async Task ReplaceAsync(Kind kind, JsonObject value, CancellationToken cancellationToken)
    {
        var key = new ObjectKey("default", "kubernetes");
        if (await objects.FindAsync(kind, key, cancellationToken) is null)
        {
            await objects.CreateAsync(kind, "default", Complete(kind, value), Writing, cancellationToken);
            return;
        }

        await objects.ChangeAsync(kind, key, null, Writing, _ => Complete(kind, value), cancellationToken);
    }

    private static JsonObject Complete(Kind kind, JsonObject value)
    {
        var complete = value.Copy();
        complete["kind"] = kind.Name;
        complete["apiVersion"] = kind.Identity.ApiVersion;
        BodyReader.Normalize(complete, kind.Identity, kind.Schema, "Strict", []);
        return complete;
    }

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
