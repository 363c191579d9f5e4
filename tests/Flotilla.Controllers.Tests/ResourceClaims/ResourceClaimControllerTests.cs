using Flotilla.Client;
using Flotilla.Controllers.ResourceClaims;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.ResourceClaims;

public sealed class ResourceClaimControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new ResourceClaimController(context));

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        await cluster.CreateAsync(new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta { Name = "train", NamespaceProperty = "default" },
            Spec = new V1PodSpec { ResourceClaims = [new V1PodResourceClaim { Name = "gpu", ResourceClaimTemplateName = "one-gpu" }] },
            Status = new V1PodStatus(),
        });
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_claim_is_made_from_the_template_and_noted_in_the_pod()
    {
        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<Corev1Event>("default")).Any(value => value.Reason == "FailedResourceClaimCreation"), "the template is missed");
        await CreateTemplateAsync();
        await cluster.UntilAsync(async () => (await PodAsync()).Status.ResourceClaimStatuses is { Count: 1 }, "it is noted");
        var claim = (await cluster.ListAsync<Resourcev1ResourceClaim>("default")).Single();
        Assert.StartsWith("train-gpu-", claim.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal(("gpu", "train"), (claim.Metadata.Annotations["resource.kubernetes.io/pod-claim-name"], claim.Controller()!.Name));
        Assert.Equal(("gpu", claim.Metadata.Name), ((await PodAsync()).Status.ResourceClaimStatuses[0].Name, (await PodAsync()).Status.ResourceClaimStatuses[0].ResourceClaimName));
    }

    [Fact]
    public async Task A_pod_that_is_done_frees_what_it_had_reserved()
    {
        var pod = await PodAsync();
        await cluster.CreateAsync(new Resourcev1ResourceClaim
        {
            ApiVersion = "resource.k8s.io/v1",
            Kind = "ResourceClaim",
            Metadata = new V1ObjectMeta { Name = "shared", NamespaceProperty = "default", Finalizers = ["resource.kubernetes.io/delete-protection", "mine.example.com/stays"] },
            Spec = new V1ResourceClaimSpec(),
            Status = new V1ResourceClaimStatus
            {
                Allocation = new V1AllocationResult(),
                ReservedFor = [new V1ResourceClaimConsumerReference { Resource = "pods", Name = "train", Uid = pod.Metadata.Uid }],
            },
        });
        await cluster.ChangeAsync<V1Pod>("default", "train", value => value.Spec.ResourceClaims[0] = new V1PodResourceClaim { Name = "gpu", ResourceClaimName = "shared" });
        await cluster.ChangeAsync<V1Pod>("default", "train", value => value.Status.Phase = "Succeeded");
        await cluster.UntilAsync(
            async () => (await cluster.GetAsync<Resourcev1ResourceClaim>("default", "shared")).Status is { Allocation: null, ReservedFor: null }, "it is free");
        await cluster.UntilAsync(
            async () => (await cluster.GetAsync<Resourcev1ResourceClaim>("default", "shared")).Metadata.Finalizers is ["mine.example.com/stays"], "nothing keeps it any more");
    }

    [Fact]
    public async Task A_claim_that_was_made_for_a_pods_extended_resources_goes_with_the_pods_work()
    {
        var pod = await PodAsync();
        await cluster.CreateAsync(new Resourcev1ResourceClaim
        {
            ApiVersion = "resource.k8s.io/v1",
            Kind = "ResourceClaim",
            Metadata = new V1ObjectMeta
            {
                Name = "special", NamespaceProperty = "default", Finalizers = ["resource.kubernetes.io/delete-protection"],
                OwnerReferences = [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = "train", Uid = pod.Metadata.Uid, Controller = true }],
            },
            Spec = new V1ResourceClaimSpec(),
            Status = new V1ResourceClaimStatus
            {
                Allocation = new V1AllocationResult(),
                ReservedFor = [new V1ResourceClaimConsumerReference { Resource = "pods", Name = "train", Uid = pod.Metadata.Uid }],
            },
        });
        await cluster.ChangeAsync<V1Pod>("default", "train", value =>
        {
            value.Spec.ResourceClaims = null;
            value.Status = new V1PodStatus { Phase = "Succeeded", ExtendedResourceClaimStatus = new V1PodExtendedResourceClaimStatus { ResourceClaimName = "special", RequestMappings = [] } };
        });
        await cluster.UntilAsync(async () => (await cluster.ListAsync<Resourcev1ResourceClaim>("default")).Count == 0, "it is gone");
    }

    private Task<V1Pod> PodAsync() => cluster.GetAsync<V1Pod>("default", "train");

    private Task CreateTemplateAsync() => cluster.CreateAsync(new V1ResourceClaimTemplate
    {
        ApiVersion = "resource.k8s.io/v1",
        Kind = "ResourceClaimTemplate",
        Metadata = new V1ObjectMeta { Name = "one-gpu", NamespaceProperty = "default" },
        Spec = new V1ResourceClaimTemplateSpec { Spec = new V1ResourceClaimSpec() },
    });
}
