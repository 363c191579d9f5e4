using Flotilla.Api;
using Flotilla.Controllers.Protection;
using Flotilla.Controllers.Tests.PersistentVolumes;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Protection;

public sealed class AttributesClassProtectionTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new AttributesClassProtectionController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_class_stays_as_long_as_a_claim_names_it()
    {
        var claim = Given.Claim("data", "1Gi");
        claim.Spec.VolumeAttributesClassName = "gold";
        await cluster.CreateAsync(claim);
        await cluster.CreateAsync(new V1VolumeAttributesClass { ApiVersion = "storage.k8s.io/v1", Kind = "VolumeAttributesClass", Metadata = new V1ObjectMeta { Name = "gold" }, DriverName = "disk" });
        await cluster.UntilAsync(async () => (await ClassesAsync())[0].Metadata.Finalizers?.Count == 1, "the finalizer");
        await cluster.Client.DeleteAsync<V1VolumeAttributesClass>(new ObjectKey(null, "gold"), null, CancellationToken.None);
        Assert.Single(await ClassesAsync());
        await cluster.Client.DeleteAsync<V1PersistentVolumeClaim>(new ObjectKey("default", "data"), null, CancellationToken.None);
        await cluster.UntilAsync(async () => (await ClassesAsync()).Count == 0, "the class goes");
    }

    private Task<IReadOnlyList<V1VolumeAttributesClass>> ClassesAsync() => cluster.ListAsync<V1VolumeAttributesClass>();
}
