using System.CommandLine;
using System.Net;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Ingress;
using Flotilla.Storage;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Configuration;

namespace Flotilla.Bench.Ingress;

/// <summary>One of the two proxies in .NET, until the process is ended.</summary>
internal static class ServeIngressCommand
{
    public const string Name = "serve-ingress";
    public const string Flotilla = "flotilla";
    public const string Yarp = "yarp";

    public static Command Create()
    {
        var kind = new Argument<string>("kind") { Description = $"{Flotilla} or {Yarp}" };
        var port = new Argument<int>("port") { Description = "Where it listens" };
        var backend = new Argument<int>("backend") { Description = "Where its one pod listens" };
        var command = new Command(Name, "Runs a proxy for the measurement of the ingress") { kind, port, backend };
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(kind) == Yarp
            ? YarpAsync(parsed.GetValue(port), parsed.GetValue(backend), cancellationToken)
            : FlotillaAsync(parsed.GetValue(port), parsed.GetValue(backend), cancellationToken));
        return command;
    }

    /// <summary>As its documentation sets it up: one route of one host to one cluster.</summary>
    private static async Task YarpAsync(int port, int backend, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddRoutingCore().AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "site", ClusterId = "pods", Match = new RouteMatch { Hosts = ["site.test"], Path = "{**path}" } }],
            [new ClusterConfig { ClusterId = "pods", Destinations = new Dictionary<string, DestinationConfig> { ["pod"] = new() { Address = $"http://127.0.0.1:{backend}/" } } }]);
        await using var application = builder.Build();
        application.UseRouting();
        application.MapReverseProxy();
        await application.StartAsync(cancellationToken);
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await application.StopAsync(CancellationToken.None);
    }

    /// <summary>The whole node part, fed from an in-memory store.</summary>
    private static async Task FlotillaAsync(int port, int backend, CancellationToken cancellationToken)
    {
        var client = new StoreClient(new MemoryStore(), TimeProvider.System);
        await client.CreateAsync(new V1Node { ApiVersion = "v1", Kind = "Node", Metadata = new V1ObjectMeta { Name = "node" } }, cancellationToken);
        await client.CreateAsync(
            new V1IngressClass { ApiVersion = "networking.k8s.io/v1", Kind = "IngressClass", Metadata = new V1ObjectMeta { Name = "flotilla" }, Spec = new V1IngressClassSpec { Controller = IngressOptions.Controller } },
            cancellationToken);
        await client.CreateAsync(
            new V1Service { ApiVersion = "v1", Kind = "Service", Metadata = Named("web"), Spec = new V1ServiceSpec { Ports = [new V1ServicePort { Port = 80, Protocol = "TCP" }] } }, cancellationToken);
        await client.CreateAsync(
            new V1EndpointSlice
            {
                ApiVersion = "discovery.k8s.io/v1",
                Kind = "EndpointSlice",
                Metadata = Named("web") with { Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" } },
                AddressType = "IPv4",
                Ports = [new Discoveryv1EndpointPort { Port = backend, Protocol = "TCP" }],
                Endpoints = [new V1Endpoint { Addresses = ["127.0.0.1"], Conditions = new V1EndpointConditions { Ready = true } }],
            },
            cancellationToken);
        var path = new V1HTTPIngressPath
        {
            Path = "/", PathType = "Prefix", Backend = new V1IngressBackend { Service = new V1IngressServiceBackend { Name = "web", Port = new V1ServiceBackendPort { Number = 80 } } },
        };
        await client.CreateAsync(
            new V1Ingress
            {
                ApiVersion = "networking.k8s.io/v1",
                Kind = "Ingress",
                Metadata = Named("site"),
                Spec = new V1IngressSpec { IngressClassName = "flotilla", Rules = [new V1IngressRule { Host = "site.test", Http = new V1HTTPIngressRuleValue { Paths = [path] } }] },
            },
            cancellationToken);
        using var informers = new InformerSet(client, TimeProvider.System, NullLoggerFactory.Instance);
        var options = new IngressOptions { NodeName = "node", HttpPort = port, HttpsPort = port + 1, BindAddress = IPAddress.Loopback };
        using var proxy = new IngressProxy(options, client, informers, informers, TimeProvider.System, NullLoggerFactory.Instance);
        await informers.StartAsync(cancellationToken);
        await proxy.StartAsync(cancellationToken);
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await proxy.StopAsync(CancellationToken.None);
        await informers.StopAsync(CancellationToken.None);
    }

    private static V1ObjectMeta Named(string name) => new() { Name = name, NamespaceProperty = "default" };
}
