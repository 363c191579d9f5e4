using System.Diagnostics;
using Flotilla.Controllers.Tests.ReplicaSets;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Controllers.Tests.Services;
using k8s.Models;

namespace Flotilla.Controllers.Tests;

/// <summary>All controllers together.</summary>
public sealed class ControllerSetTests : IAsyncLifetime
{
    private readonly Cluster cluster = new();
    private ControllerSet? controllers;

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        controllers = new ControllerSet(cluster.Context);
        await controllers.StartAsync(CancellationToken.None);
        await cluster.CreateAsync(new V1Namespace
        {
            Metadata = new V1ObjectMeta { Name = "default" },
            Spec = new V1NamespaceSpec { Finalizers = ["kubernetes"] },
            Status = new V1NamespaceStatus { Phase = "Active" },
        });
        await cluster.CreateAsync(new V1Node
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new V1ObjectMeta { Name = "node-1" },
            Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }] },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await controllers!.StopAsync(CancellationToken.None);
        controllers.Dispose();
        await cluster.DisposeAsync();
    }

    [Fact]
    public async Task A_deployment_with_twenty_replicas_serves_and_goes_with_its_namespace()
    {
        var watch = Stopwatch.StartNew();
        await cluster.CreateAsync(Examples.Service());
        await cluster.CreateAsync(NewDeployment());
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1Pod>("default")).Count == 20, "twenty pods");
        TestContext.Current.TestOutputHelper?.WriteLine($"twenty pods after {watch.ElapsedMilliseconds} ms");
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.RunPodsAsync();
                return (await cluster.GetAsync<V1Deployment>("default", "web")).Status?.AvailableReplicas == 20;
            },
            "all available");
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1ServiceAccount>("default")).Count == 1, "the account");

        await cluster.Client.DeleteAsync<V1Deployment>(new("default", "web"), new V1DeleteOptions { PropagationPolicy = "Foreground" }, CancellationToken.None);
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.RunPodsAsync();
                return (await cluster.ListAsync<V1Deployment>()).Count + (await cluster.ListAsync<V1ReplicaSet>()).Count + (await cluster.ListAsync<V1Pod>()).Count == 0;
            },
            "deployment, set and pods are gone");

        await cluster.Client.DeleteAsync<V1Namespace>(new(null, "default"), null, CancellationToken.None);
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1Namespace>()).Count == 0, "the namespace is gone");
        Assert.Empty(await cluster.ListAsync<V1Service>());
        Assert.Empty(await cluster.ListAsync<V1ConfigMap>());
    }

    private static V1Deployment NewDeployment() => new()
    {
        ApiVersion = "apps/v1",
        Kind = "Deployment",
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1DeploymentSpec
        {
            Replicas = 20,
            Selector = new V1LabelSelector { MatchLabels = Sets.Labels },
            Template = Sets.Template("image:1"),
        },
    };
}
