using Flotilla.Controllers.ResourceClaims;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.ResourceClaims;

public sealed class DeviceTaintEvictionTests : IAsyncLifetime
{
    private static readonly DateTime Since = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly Cluster cluster = new(context => new DeviceTaintEvictionController(context));

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        await cluster.CreateAsync(Slice("old", generation: 1, new V1DeviceTaint { Key = "broken", Effect = "NoExecute", TimeAdded = Since }));
        await cluster.CreateAsync(Slice("new", generation: 2));
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_pod_leaves_a_device_that_is_tainted_so_and_one_that_tolerates_stays_its_time()
    {
        await PodAsync("fragile");
        await PodAsync("patient", new V1DeviceToleration { Key = "broken", OperatorProperty = "Exists", TolerationSeconds = 60 });
        await PodAsync("stubborn", new V1DeviceToleration { OperatorProperty = "Exists" });
        await TaintAsync(new V1DeviceTaint { Key = "broken", Effect = "NoExecute", TimeAdded = cluster.Time.GetUtcNow().UtcDateTime });
        await UntilLeftAsync("patient", "stubborn");
        await HasEventAsync("fragile", "Marking for deletion");

        await TaintAsync();
        await HasEventAsync("patient", "Cancelling deletion");
        cluster.Time.Advance(TimeSpan.FromSeconds(61));
        await TaintAsync(new V1DeviceTaint { Key = "broken", Effect = "NoSchedule" });
        await TaintAsync(new V1DeviceTaint { Key = "broken", Effect = "NoExecute", TimeAdded = cluster.Time.GetUtcNow().UtcDateTime });
        await UntilLeftAsync("patient", "stubborn");
        cluster.Time.Advance(TimeSpan.FromSeconds(61));
        await UntilLeftAsync("stubborn");
    }

    [Theory]
    [InlineData(null, null, 0)]
    [InlineData("other", null, 0)]
    [InlineData("broken", null, null)]
    [InlineData("broken", 30L, 30)]
    [InlineData("broken", -5L, 0)]
    public void The_time_is_that_of_the_taint_and_what_is_tolerated(string? key, long? seconds, int? after)
    {
        var result = new V1DeviceRequestAllocationResult
        {
            Driver = "d", Pool = "p", Device = "gpu", Request = "r",
            Tolerations = key is null ? null : [new V1DeviceToleration { Key = key, OperatorProperty = "Exists", TolerationSeconds = seconds }],
        };
        var claim = new Resourcev1ResourceClaim { Status = new V1ResourceClaimStatus { Allocation = new V1AllocationResult { Devices = new V1DeviceAllocationResult { Results = [result] } } } };
        Assert.Equal(after is null ? null : Since.AddSeconds(after.Value), DeviceEvictionPlan.LeaveAt(claim, _ => [new V1DeviceTaint { Key = "broken", Effect = "NoExecute", TimeAdded = Since }]));
        Assert.Null(DeviceEvictionPlan.LeaveAt(claim, _ => []));
    }

    private static V1ResourceSlice Slice(string name, long generation, params V1DeviceTaint[] taints) => new()
    {
        ApiVersion = "resource.k8s.io/v1",
        Kind = "ResourceSlice",
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1ResourceSliceSpec
        {
            Driver = "d", Pool = new V1ResourcePool { Name = "p", Generation = generation, ResourceSliceCount = 1 }, Devices = [new V1Device { Name = "gpu", Taints = taints }],
        },
    };

    private Task TaintAsync(params V1DeviceTaint[] taints) => cluster.ChangeAsync<V1ResourceSlice>(null!, "new", slice => slice.Spec.Devices[0].Taints = taints);

    private async Task PodAsync(string name, params V1DeviceToleration[] tolerations)
    {
        var pod = await cluster.CreateAsync(new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1PodSpec { NodeName = "n", Containers = [], ResourceClaims = [new V1PodResourceClaim { Name = "gpu", ResourceClaimName = name }] },
            Status = new V1PodStatus { Phase = "Running" },
        });
        await cluster.CreateAsync(new Resourcev1ResourceClaim
        {
            ApiVersion = "resource.k8s.io/v1",
            Kind = "ResourceClaim",
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1ResourceClaimSpec(),
            Status = new V1ResourceClaimStatus
            {
                Allocation = new V1AllocationResult
                {
                    Devices = new V1DeviceAllocationResult { Results = [new V1DeviceRequestAllocationResult { Driver = "d", Pool = "p", Device = "gpu", Request = "gpu", Tolerations = tolerations }] },
                },
                ReservedFor = [new V1ResourceClaimConsumerReference { Resource = "pods", Name = name, Uid = pod.Metadata.Uid }],
            },
        });
    }

    private Task UntilLeftAsync(params string[] names) => cluster.UntilAsync(
        async () => (await cluster.ListAsync<V1Pod>("default")).Where(pod => pod.Metadata.DeletionTimestamp is null).Select(pod => pod.Metadata.Name).Order(StringComparer.Ordinal).SequenceEqual(names, StringComparer.Ordinal),
        $"{string.Join(", ", names)} are left");

    private Task HasEventAsync(string pod, string message) => cluster.UntilAsync(
        async () => (await cluster.ListAsync<Corev1Event>("default")).Any(one => one.InvolvedObject.Name == pod && one.Reason == "DeviceTaintManagerEviction" && one.Message == message), message);
}
