using Flotilla.Client;
using Flotilla.Controllers.GarbageCollection;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.GarbageCollection;

public sealed class GarbageCollectorTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new GarbageCollector(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task What_loses_its_owner_goes_and_so_does_what_that_owned()
    {
        var top = await MapAsync("top");
        var middle = await MapAsync("middle", top);
        await MapAsync("bottom", middle);
        await MapAsync("unrelated");
        await DeleteAsync("top", "Background");
        await ExpectAsync("unrelated");
    }

    [Fact]
    public async Task One_owner_that_remains_is_enough_and_the_lost_one_is_forgotten()
    {
        var (first, second) = (await MapAsync("first"), await MapAsync("second"));
        await MapAsync("child", first, second);
        await DeleteAsync("first", "Background");
        await cluster.UntilAsync(
            async () => (await cluster.GetAsync<V1ConfigMap>("default", "child")).Metadata.OwnerReferences is [var only] && only.Uid == second.Metadata.Uid,
            "only the second owner remains");
        await ExpectAsync("child second");
    }

    [Fact]
    public async Task An_owner_that_never_existed_is_no_owner()
    {
        await MapAsync("child", new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "ghost", Uid = "no-such-uid" } });
        await ExpectAsync("");
    }

    [Fact]
    public async Task An_owner_of_the_same_name_but_another_uid_is_no_owner()
    {
        await MapAsync("owner");
        await MapAsync("child", new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "owner", Uid = "of-the-former-one" } });
        await ExpectAsync("owner");
    }

    [Fact]
    public async Task An_owner_of_a_kind_that_nobody_serves_is_left_alone()
    {
        await cluster.CreateAsync(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta
            {
                Name = "child",
                NamespaceProperty = "default",
                OwnerReferences = [new V1OwnerReference { ApiVersion = "example.com/v1", Kind = "Boat", Name = "x", Uid = "x" }],
            },
        });
        var owner = await MapAsync("other");
        await MapAsync("witness", owner);
        await DeleteAsync("other", "Background");
        await ExpectAsync("child");
    }

    [Fact]
    public async Task In_the_foreground_the_owner_goes_last()
    {
        var top = await MapAsync("top");
        var middle = await MapAsync("middle", top);
        await MapAsync("bottom", middle);
        await cluster.ChangeAsync<V1ConfigMap>("default", "bottom", map => map.Metadata.Finalizers = ["example.com/hold"]);
        await DeleteAsync("top", "Foreground");
        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<V1ConfigMap>("default")).All(map => map.Metadata.DeletionTimestamp is not null),
            "all three are being deleted");
        await ExpectAsync("bottom middle top");

        await cluster.ChangeAsync<V1ConfigMap>("default", "bottom", map => map.Metadata.Finalizers = null);
        await ExpectAsync("");
    }

    [Fact]
    public async Task Orphaned_dependents_stay_and_forget_their_owner()
    {
        var top = await MapAsync("top");
        await MapAsync("child", top);
        await DeleteAsync("top", "Orphan");
        await ExpectAsync("child");
        Assert.True((await cluster.GetAsync<V1ConfigMap>("default", "child")).Metadata.OwnerReferences is null or []);
    }

    [Fact]
    public async Task Two_that_own_each_other_do_not_wait_for_each_other_forever()
    {
        var first = await MapAsync("first");
        var second = await MapAsync("second", first);
        await cluster.ChangeAsync<V1ConfigMap>("default", "first", map => map.Metadata.OwnerReferences = [Reference(second)]);
        await DeleteAsync("first", "Foreground");
        await ExpectAsync("");
    }

    private Task<V1ConfigMap> MapAsync(string name, params V1ConfigMap[] owners) => cluster.CreateAsync(new V1ConfigMap
    {
        ApiVersion = "v1",
        Kind = "ConfigMap",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", OwnerReferences = [.. owners.Select(Reference)] },
    });

    private static V1OwnerReference Reference(V1ConfigMap owner) => new()
    {
        ApiVersion = "v1",
        Kind = "ConfigMap",
        Name = owner.Metadata.Name,
        Uid = owner.Metadata.Uid,
        BlockOwnerDeletion = true,
    };

    private async Task DeleteAsync(string name, string policy)
    {
        // The graph may not know the dependents yet: as in life, they are found in the end.
        await cluster.Client.DeleteAsync<V1ConfigMap>(new("default", name), new V1DeleteOptions { PropagationPolicy = policy }, CancellationToken.None);
    }

    private Task ExpectAsync(string names) => cluster.UntilAsync(
        async () => string.Join(' ', (await cluster.ListAsync<V1ConfigMap>("default")).Select(map => map.Metadata.Name).Order()) == names,
        $"exactly these remain: {names}");
}
