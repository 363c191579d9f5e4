using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Apps;

/// <summary>Autoscaling by figures of an API server that somebody has added to the cluster.</summary>
public sealed class CustomMetricsTests(LiveCluster cluster)
{
    [Fact]
    public async Task Figures_of_pods_of_objects_and_of_the_outside_scale_a_deployment()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Deployment);
        await space.ApplyAsync(Autoscaler("{type: Pods, pods: {metric: {name: requests}, target: {type: AverageValue, averageValue: '10'}}}"));
        var told = await space.EventAsync("web", "FailedGetPodsMetric", 90);
        Assert.Equal("unable to get metric requests: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered", told.Message);
        await space.ApplyAsync(Autoscaler("{type: External, external: {metric: {name: queue, selector: {matchLabels: {topic: mail}}}, target: {type: AverageValue, averageValue: '5'}}}"));
        told = await space.EventAsync("web", "FailedGetExternalMetric", 90);
        Assert.EndsWith("unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)", told.Message, StringComparison.Ordinal);

        await using var metrics = await MetricsServer.StartAsync(space);
        metrics.Values["queue"] = "9";
        var scaler = await ScalerAsync(space, found => found.Status.DesiredReplicas == 2);
        Assert.Equal(("True", "ValidMetricFound"), (Condition(scaler, "ScalingActive").Status, Condition(scaler, "ScalingActive").Reason));
        Assert.StartsWith("the HPA was able to successfully calculate a replica count from external metric queue(&LabelSelector{MatchLabels:map[string]string{topic: mail,}", Condition(scaler, "ScalingActive").Message, StringComparison.Ordinal);
        Assert.Contains(metrics.Asked, path => path == $"/apis/external.metrics.k8s.io/v1beta1/namespaces/{space.Name}/queue?labelSelector=topic=mail");

        await space.ApplyAsync(Autoscaler("{type: Pods, pods: {metric: {name: requests}, target: {type: AverageValue, averageValue: '10'}}}"));
        await space.UntilAsync(
            async () => (await space.EventsAsync("web")).Select(found => found.Message).ToList(),
            found => found.Contains("unable to get metric requests: unable to fetch metrics from custom metrics API: the server could not find the metric requests for pods"), 90);
        await space.ReadyAsync("web", 2);
        metrics.Values["requests"] = "15500m";
        scaler = await ScalerAsync(space, found => found.Status.DesiredReplicas == 4);
        Assert.Equal("15500m", scaler.Status.CurrentMetrics.Single().Pods.Current.AverageValue.ToString());
        Assert.Contains(metrics.Asked, path => path == $"/apis/custom.metrics.k8s.io/v1beta1/namespaces/{space.Name}/pods/*/requests?labelSelector=app=web");

        await space.ReadyAsync("web", 4);
        metrics.Values["hits"] = "3";
        await space.ApplyAsync(Autoscaler("{type: Object, object: {describedObject: {apiVersion: apps/v1, kind: Deployment, name: web}, metric: {name: hits}, target: {type: Value, value: '2'}}}"));
        scaler = await ScalerAsync(space, found => found.Status.DesiredReplicas == 6);
        Assert.Equal("3", scaler.Status.CurrentMetrics.Single().ObjectProperty.Current.Value.ToString());
        Assert.Contains(metrics.Asked, path => path == $"/apis/custom.metrics.k8s.io/v1beta1/namespaces/{space.Name}/deployments.apps/web/hits");
    }

    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: my-image, imagePullPolicy: Never, command: [sleep, "1000"]}]}
        """;

    private static Task<V2HorizontalPodAutoscaler> ScalerAsync(Space space, Func<V2HorizontalPodAutoscaler, bool> isRight) =>
        space.UntilAsync(() => space.Client.AutoscalingV2.ReadNamespacedHorizontalPodAutoscalerAsync("web", space.Name), isRight, 120);

    private static V2HorizontalPodAutoscalerCondition Condition(V2HorizontalPodAutoscaler scaler, string type) => scaler.Status.Conditions.Single(condition => condition.Type == type);

    private static string Autoscaler(string metric) => $$"""
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 10, metrics: [{{metric}}]}
        """;
}
