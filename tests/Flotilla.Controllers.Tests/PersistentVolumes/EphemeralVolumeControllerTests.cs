using Flotilla.Controllers.PersistentVolumes;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.PersistentVolumes;

public sealed class EphemeralVolumeControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new EphemeralVolumeController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task The_pod_gets_a_claim_of_its_own()
    {
        var pod = await cluster.CreateAsync(Pod());
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1PersistentVolumeClaim>()).Count == 1, "the claim");
        var claim = await cluster.GetAsync<V1PersistentVolumeClaim>("default", "web-scratch");
        var owner = Assert.Single(claim.Metadata.OwnerReferences);
        Assert.Equal((pod.Metadata.Uid, true, true), (owner.Uid, owner.Controller, owner.BlockOwnerDeletion));
        Assert.Equal("cache", claim.Metadata.Labels["use"]);
        Assert.Equal("1Gi", claim.Spec.Resources.Requests["storage"].ToString());
    }

    [Fact]
    public async Task A_claim_of_somebody_else_is_in_the_way()
    {
        await cluster.CreateAsync(Given.Claim("web-scratch", "1Gi"));
        await cluster.CreateAsync(Pod());
        const string expected = "Warning FailedBinding ephemeral volume scratch: PVC default/web-scratch was not created for pod default/web (pod is not owner)";
        await cluster.UntilAsync(async () => (await cluster.ListAsync<Corev1Event>()).Any(one => $"{one.Type} {one.Reason} {one.Message}" == expected), expected);
    }

    private static V1Pod Pod() => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1PodSpec
        {
            Containers = [],
            Volumes =
            [
                new V1Volume
                {
                    Name = "scratch",
                    Ephemeral = new V1EphemeralVolumeSource
                    {
                        VolumeClaimTemplate = new V1PersistentVolumeClaimTemplate
                        {
                            Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["use"] = "cache" } },
                            Spec = Given.Claim("any", "1Gi").Spec,
                        },
                    },
                },
            ],
        },
    };
}
