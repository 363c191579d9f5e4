using Flotilla.Client;
using Flotilla.Controllers.ReplicationControllers;
using Flotilla.Controllers.Tests.ReplicaSets;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.ReplicationControllers;

public sealed class ReplicationControllerControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new ReplicationControllerController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Creates_as_many_pods_as_wanted_and_deletes_the_surplus()
    {
        var owner = await cluster.CreateAsync(New(3));
        await ReadyAsync(3);
        Assert.All(await cluster.ListAsync<V1Pod>("default"), pod => Assert.Equal(("ReplicationController", owner.Metadata.Uid), (pod.Controller()!.Kind, pod.Controller()!.Uid)));

        await cluster.ChangeAsync<V1ReplicationController>("default", "web", value => value.Spec.Replicas = 1);
        await ReadyAsync(1);
        Assert.Single(await cluster.ListAsync<V1Pod>("default"));
    }

    [Fact]
    public async Task Lets_a_pod_go_that_no_longer_matches_and_replaces_it()
    {
        await cluster.CreateAsync(New(1));
        await ReadyAsync(1);
        var name = (await cluster.ListAsync<V1Pod>("default"))[0].Metadata.Name;
        await cluster.ChangeAsync<V1Pod>("default", name, pod => pod.Metadata.Labels = new Dictionary<string, string> { ["app"] = "debug" });
        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<V1Pod>("default")).Count == 2 && (await cluster.GetAsync<V1Pod>("default", name)).Controller() is null,
            "the pod is let go and replaced");
    }

    private static V1ReplicationController New(int replicas) => new()
    {
        ApiVersion = "v1",
        Kind = "ReplicationController",
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1ReplicationControllerSpec { Replicas = replicas, Selector = Sets.Labels, Template = Sets.Template("image:1") },
    };

    private Task ReadyAsync(int count) => cluster.UntilAsync(
        async () =>
        {
            await cluster.RunPodsAsync();
            var status = (await cluster.GetAsync<V1ReplicationController>("default", "web")).Status;
            return status?.AvailableReplicas == count && status.Replicas == count;
        },
        $"{count} pods available");
}
