using Flotilla.Controllers.Autoscaling;
using Flotilla.Controllers.Tests.ReplicaSets;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Autoscaling;

public sealed class HorizontalPodAutoscalerControllerTests : IAsyncLifetime
{
    private readonly RecordedMetrics metrics = new();
    private readonly Cluster cluster;

    public HorizontalPodAutoscalerControllerTests() =>
        cluster = new Cluster(context => new HorizontalPodAutoscalerController(context, metrics));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Busy_pods_make_the_target_grow()
    {
        await RunAsync(2, replicas: 2);
        Use("cpu", 900, 900);
        await CreateAsync(new V2MetricSpec { Type = "Resource", Resource = new V2ResourceMetricSource { Name = "cpu", Target = new V2MetricTarget { Type = "Utilization", AverageUtilization = 50 } } });
        await UntilAsync(async () => await ReplicasAsync() == 4, "four of them");

        // The clock stands still: the next look would see four replicas already.
        await cluster.UntilAsync(async () => (await StatusAsync())?.DesiredReplicas == 4, "the status");
        var status = await StatusAsync();
        await EventAsync("Normal SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target");
        Assert.Equal((2, 4, 90), (status.CurrentReplicas, status.DesiredReplicas, status.CurrentMetrics[0].Resource.Current.AverageUtilization));
        Assert.Equal(
            [
                "AbleToScale True SucceededRescale the HPA controller was able to update the target scale to 4",
                "ScalingActive True ValidMetricFound the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
                "ScalingLimited False DesiredWithinRange the desired count is within the acceptable range",
            ],
            status.Conditions.Select(condition => $"{condition.Type} {condition.Status} {condition.Reason} {condition.Message}"));
    }

    [Fact]
    public async Task Idle_pods_make_it_shrink_after_five_minutes()
    {
        await RunAsync(4, replicas: 4);
        Use("cpu", 10, 10, 10, 10);
        await CreateAsync(new V2MetricSpec { Type = "Resource", Resource = new V2ResourceMetricSource { Name = "cpu", Target = new V2MetricTarget { Type = "Utilization", AverageUtilization = 50 } } });
        await UntilAsync(async () => (await ConditionsAsync()).Contains("AbleToScale ScaleDownStabilized"), "it is held");
        Assert.Equal(4, await ReplicasAsync());
        await UntilAsync(async () => await ReplicasAsync() == 1, "one of them");
        await EventAsync("Normal SuccessfulRescale New size: 1; reason: All metrics below target");
    }

    [Fact]
    public async Task Without_metrics_nothing_is_scaled_and_the_reason_is_told()
    {
        await RunAsync(2, replicas: 2);
        await CreateAsync(new V2MetricSpec { Type = "Resource", Resource = new V2ResourceMetricSource { Name = "cpu", Target = new V2MetricTarget { Type = "Utilization", AverageUtilization = 50 } } });
        await EventAsync("Warning FailedGetResourceMetric failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API");
        await EventAsync(
            "Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: "
            + "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API");
        await UntilAsync(async () => (await ConditionsAsync()).Contains("ScalingActive FailedGetResourceMetric"), "the condition");
        Assert.Equal(2, await ReplicasAsync());
    }

    [Fact]
    public async Task Of_several_metrics_the_greediest_wins_and_a_silent_one_only_prevents_shrinking()
    {
        await RunAsync(2, replicas: 2);
        metrics.Values["jobs"] = 30_000;
        Use("requests", 5_000, 5_000);
        await CreateAsync(
            new V2MetricSpec { Type = "Pods", Pods = new V2PodsMetricSource { Metric = new V2MetricIdentifier { Name = "requests" }, Target = new V2MetricTarget { Type = "AverageValue", AverageValue = new("10") } } },
            new V2MetricSpec { Type = "External", External = new V2ExternalMetricSource { Metric = new V2MetricIdentifier { Name = "jobs" }, Target = new V2MetricTarget { Type = "AverageValue", AverageValue = new("10") } } },
            new V2MetricSpec { Type = "Object", ObjectProperty = new V2ObjectMetricSource { DescribedObject = new V2CrossVersionObjectReference { Kind = "Service", Name = "web", ApiVersion = "v1" }, Metric = new V2MetricIdentifier { Name = "hits" }, Target = new V2MetricTarget { Type = "Value", Value = new("1") } } });
        await UntilAsync(async () => await ReplicasAsync() == 3, "three of them");
        await EventAsync("Normal SuccessfulRescale New size: 3; reason: external metric jobs(nil) above target");
        await EventAsync("Warning FailedGetObjectMetric unable to get metric hits: Service on default web/no metrics returned from custom metrics API");
        metrics.Values["jobs"] = 0;
        await UntilAsync(async () => (await ConditionsAsync()).Contains("ScalingActive FailedGetObjectMetric"), "it is held");
        Assert.Equal(3, await ReplicasAsync());
    }

    [Theory]
    [InlineData(12, 10, "Current number of replicas above Spec.MaxReplicas")]
    [InlineData(1, 2, "Current number of replicas below Spec.MinReplicas")]
    public async Task Bounds_hold_whatever_the_metrics_say(int replicas, int expected, string reason)
    {
        await RunAsync(0, replicas);
        await CreateAsync(least: 2);
        await UntilAsync(async () => await ReplicasAsync() == expected, "within bounds");
        await EventAsync($"Normal SuccessfulRescale New size: {expected}; reason: {reason}");
    }

    [Fact]
    public async Task A_target_at_zero_is_left_alone()
    {
        await RunAsync(0, replicas: 0);
        await CreateAsync();
        await UntilAsync(async () => (await ConditionsAsync()).Contains("ScalingActive ScalingDisabled"), "it is off");
        Assert.Equal(0, await ReplicasAsync());
    }

    [Fact]
    public async Task A_missing_target_is_told_of()
    {
        await CreateAsync();
        await UntilAsync(async () => (await ConditionsAsync()).Contains("AbleToScale FailedGetScale"), "it is told");
    }

    private async Task RunAsync(int pods, int replicas)
    {
        await cluster.CreateAsync(new V1Deployment
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V1DeploymentSpec { Replicas = replicas, Selector = new V1LabelSelector { MatchLabels = Sets.Labels }, Template = Sets.Template("image:1") },
        });
        var longAgo = cluster.Time.GetUtcNow().UtcDateTime.AddHours(-1);
        for (var number = 0; number < pods; number++)
        {
            await cluster.CreateAsync(new V1Pod
            {
                ApiVersion = "v1",
                Kind = "Pod",
                Metadata = new V1ObjectMeta { Name = $"web-{number}", NamespaceProperty = "default", Labels = Sets.Labels },
                Spec = new V1PodSpec { Containers = [new V1Container { Name = "main", Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1") } } }] },
                Status = new V1PodStatus
                {
                    Phase = "Running",
                    StartTime = longAgo,
                    Conditions = [new V1PodCondition { Type = "Ready", Status = "True", LastTransitionTime = longAgo }],
                },
            });
        }
    }

    private void Use(string name, params int[] milli) => metrics.OfPods[name] = milli
        .Select((value, number) => ($"web-{number}", new PodMetric(value, cluster.Time.GetUtcNow().UtcDateTime, TimeSpan.FromSeconds(30))))
        .ToDictionary(pair => pair.Item1, pair => pair.Item2, StringComparer.Ordinal);

    private Task CreateAsync(params V2MetricSpec[] specs) => CreateAsync(1, specs);

    private Task CreateAsync(int least, params V2MetricSpec[] specs) => cluster.CreateAsync(new V2HorizontalPodAutoscaler
    {
        ApiVersion = "autoscaling/v2",
        Kind = "HorizontalPodAutoscaler",
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V2HorizontalPodAutoscalerSpec
        {
            ScaleTargetRef = new V2CrossVersionObjectReference { ApiVersion = "apps/v1", Kind = "Deployment", Name = "web" },
            MinReplicas = least,
            MaxReplicas = 10,
            Metrics = specs,
        },
    });

    private Task UntilAsync(Func<Task<bool>> condition, string what) => cluster.UntilAsync(
        async () =>
        {
            cluster.Time.Advance(TimeSpan.FromSeconds(5));
            return await condition();
        },
        what);

    private async Task<int?> ReplicasAsync() => (await cluster.GetAsync<V1Deployment>("default", "web")).Spec.Replicas;

    private async Task<V2HorizontalPodAutoscalerStatus> StatusAsync() => (await cluster.GetAsync<V2HorizontalPodAutoscaler>("default", "web")).Status;

    private async Task<List<string>> ConditionsAsync() => [.. ((await StatusAsync())?.Conditions ?? []).Select(condition => $"{condition.Type} {condition.Reason}")];

    private Task EventAsync(string text) => UntilAsync(
        async () => (await cluster.ListAsync<Corev1Event>("default")).Any(value => $"{value.Type} {value.Reason} {value.Message}" == text), text);
}
