using Flotilla.Controllers.Namespaces;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Namespaces;

public sealed class NamespaceControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new NamespaceController(context));

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        await cluster.CreateAsync(new V1Namespace
        {
            Metadata = new V1ObjectMeta { Name = "team" },
            Spec = new V1NamespaceSpec { Finalizers = ["kubernetes"] },
            Status = new V1NamespaceStatus { Phase = "Active" },
        });
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_deleted_namespace_goes_with_everything_in_it_and_nothing_else()
    {
        await MapAsync("team", "a");
        await MapAsync("other", "b");
        await DeleteAsync();
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1Namespace>()).Count == 0, "the namespace is gone");
        Assert.Equal("b", Assert.Single(await cluster.ListAsync<V1ConfigMap>()).Metadata.Name);
    }

    [Fact]
    public async Task What_has_a_finalizer_keeps_the_namespace_which_says_so()
    {
        await MapAsync("team", "a", "example.com/hold");
        await DeleteAsync();
        await cluster.UntilAsync(async () => (await ConditionsAsync()).Count == 5, "conditions");
        Assert.Equal(
            [
                "NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances",
                "NamespaceDeletionContentFailure=False ContentDeleted: All content successfully deleted, may be waiting on finalization",
                "NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered: All resources successfully discovered",
                "NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions: All legacy kube types successfully parsed",
                "NamespaceFinalizersRemaining=True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
            ],
            (await ConditionsAsync()).Order());

        await cluster.ChangeAsync<V1ConfigMap>("team", "a", map => map.Metadata.Finalizers = null);
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1Namespace>()).Count == 0, "the namespace is gone");
    }

    [Fact]
    public async Task Pods_end_before_anything_else_is_taken_away()
    {
        await MapAsync("team", "needed");
        await cluster.CreateAsync(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "team" },
            Spec = new V1PodSpec { NodeName = "node-1" },
        });
        await DeleteAsync();
        await cluster.UntilAsync(
            async () => (await cluster.GetAsync<V1Pod>("team", "p")).Metadata.DeletionTimestamp is not null && (await ConditionsAsync()).Count == 5,
            "the pod is ending");
        Assert.Single(await cluster.ListAsync<V1ConfigMap>("team"));
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.RunPodsAsync("team");
                return (await cluster.ListAsync<V1Namespace>()).Count == 0;
            },
            "the namespace is gone");
    }

    private Task DeleteAsync() => cluster.Client.DeleteAsync<V1Namespace>(new(null, "team"), null, CancellationToken.None);

    private async Task<List<string>> ConditionsAsync() =>
        [.. ((await cluster.ListAsync<V1Namespace>())[0].Status.Conditions ?? [])
            .Select(condition => $"{condition.Type}={condition.Status} {condition.Reason}: {condition.Message}")];

    private Task<V1ConfigMap> MapAsync(string ns, string name, string? finalizer = null) => cluster.CreateAsync(new V1ConfigMap
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns, Finalizers = finalizer is null ? null : [finalizer] },
    });
}
