using Flotilla.Conformance.Live;
using k8s;

namespace Flotilla.Conformance.Node;

/// <summary>Devices of claims in real containers: from a driver's socket to the device in the container and back.</summary>
public sealed class DynamicResourceTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_pods_device_is_made_ready_before_it_starts_and_put_away_when_it_has_ended()
    {
        await using var driver = await DraDriverProcess.StartAsync(cluster, "gpu.example.com");
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Template(driver.Name));
        await space.CreatePodAsync(Pod("user"));
        await space.ReadyPodAsync("user");
        var claim = (await space.PodAsync("user")).Status.ResourceClaimStatuses.Single().ResourceClaimName;
        Assert.Contains($"{claim} crw-", (await space.LogAsync("user", null, "/dev/claimed")).Replace('\n', ' '), StringComparison.Ordinal);
        Assert.Contains($"\"name\": \"{claim}\"", await driver.CallAsync("NodePrepareResources"), StringComparison.Ordinal);
        Assert.Single(driver.Specs);

        await space.CreatePodAsync(Pod("next"));
        await space.EventAsync("next", "FailedScheduling");
        await space.KubectlAsync("delete", "pod", "user", "--now");
        Assert.Contains($"\"name\": \"{claim}\"", await driver.CallAsync("NodeUnprepareResources"), StringComparison.Ordinal);
        await space.ReadyPodAsync("next");
        await space.KubectlAsync("delete", "pod", "next", "--now");
        await space.UntilAsync(() => Task.FromResult(driver.Specs.Count()), count => count == 0);
        await space.UntilAsync(() => space.Client.ResourceV1.ListNamespacedResourceClaimAsync(space.Name), claims => claims.Items.Count == 0);
        Assert.Equal((2, 2), (await driver.CountAsync("NodePrepareResources"), await driver.CountAsync("NodeUnprepareResources")));
    }

    [Fact]
    public async Task A_running_pods_status_tells_how_its_device_is()
    {
        await using var driver = await DraDriverProcess.StartAsync(cluster, "ailing.example.com");
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Template(driver.Name));
        await space.CreatePodAsync(Pod("user"));
        await space.ReadyPodAsync("user");
        await TellsAsync("Healthy", null);
        await driver.AilAsync("ECC errors");
        await TellsAsync("Unhealthy", "ECC errors");
        await driver.AilAsync(null);
        await TellsAsync("Healthy", null);
        await space.KubectlAsync("delete", "pod", "user", "--now");

        Task TellsAsync(string health, string? message) => space.UntilAsync(
            async () => (await space.PodAsync("user")).Status.ContainerStatuses.Single().AllocatedResourcesStatus?.SingleOrDefault(),
            told => told?.Name == "claim:device" && (told.Resources.Single().Health, told.Resources[0].Message) == (health, message));
    }

    [Fact]
    public async Task A_pod_whose_device_cannot_be_made_ready_is_told_why_and_starts_when_it_can()
    {
        await using var driver = await DraDriverProcess.StartAsync(cluster, "sick.example.com");
        await driver.RefuseAsync("the device is too hot");
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Template(driver.Name));
        await space.CreatePodAsync(Pod("patient"));
        var told = (await space.EventAsync("patient", "FailedPrepareDynamicResources")).Message;
        Assert.StartsWith("Failed to prepare dynamic resources: prepare dynamic resources: NodePrepareResources failed for ResourceClaim patient-device-", told, StringComparison.Ordinal);
        Assert.EndsWith(": the device is too hot", told, StringComparison.Ordinal);
        await driver.RefuseAsync(null);
        await space.ReadyPodAsync("patient");
        await space.KubectlAsync("delete", "pod", "patient", "--now");
    }

    [Fact]
    public async Task What_a_driver_that_is_gone_has_published_goes_too_and_its_pods_are_told()
    {
        const string missing = "missing.example.com";
        await DraDriverProcess.PublishAsync(cluster, missing);
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Template(missing));
        await space.CreatePodAsync(Pod("waits"));
        Assert.Equal(
            $"Failed to prepare dynamic resources: prepare dynamic resources: DRA driver {missing} is not registered",
            (await space.EventAsync("waits", "FailedPrepareDynamicResources")).Message);
        await space.KubectlAsync("delete", "pod", "waits", "--now");
        await space.UntilAsync(() => space.KubectlAsync("get", "pod", "waits", "--ignore-not-found"), output => output.Output.Length == 0);
        await cluster.KubectlAsync("delete", "deviceclass,resourceslice", missing);

        await using var driver = await DraDriverProcess.StartAsync(cluster, "dies.example.com");
        await driver.KillAsync();
        await space.UntilAsync(() => space.Client.ResourceV1.ListResourceSliceAsync(), slices => !slices.Items.Any(slice => slice.Spec.Driver == driver.Name), 120);
    }

    [Fact]
    public async Task A_device_that_is_asked_for_as_a_resource_comes_from_a_claim_that_goes_with_the_pod()
    {
        await using var driver = await DraDriverProcess.StartAsync(cluster, "counted.example.com");
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(Asking("asks", $"deviceclass.resource.kubernetes.io/{driver.Name}"));
        var pod = await space.ReadyPodAsync("asks");
        var special = pod.Status.ExtendedResourceClaimStatus;
        Assert.StartsWith("asks-extended-resources-", special.ResourceClaimName, StringComparison.Ordinal);
        Assert.Equal(
            ("main", $"deviceclass.resource.kubernetes.io/{driver.Name}", "container-0-request-0"),
            (special.RequestMappings.Single().ContainerName, special.RequestMappings[0].ResourceName, special.RequestMappings[0].RequestName));
        Assert.StartsWith(special.ResourceClaimName, await space.LogAsync("asks", null, "/dev/claimed"), StringComparison.Ordinal);

        await space.CreatePodAsync(Asking("next", $"deviceclass.resource.kubernetes.io/{driver.Name}"));
        await space.EventAsync("next", "FailedScheduling");
        await space.KubectlAsync("delete", "pod", "asks", "--now");
        await space.ReadyPodAsync("next");
        await space.KubectlAsync("delete", "pod", "next", "--now");
        await space.UntilAsync(() => space.Client.ResourceV1.ListNamespacedResourceClaimAsync(space.Name), claims => claims.Items.Count == 0);
        await space.UntilAsync(() => Task.FromResult(driver.Specs.Count()), count => count == 0);
    }

    private static string Asking(string name, string resource) => $$"""
        metadata: {name: {{name}}}
        spec:
          containers:
          - name: main
            image: my-image
            imagePullPolicy: Never
            command: [sh, -c, 'echo $CLAIM; ls -l /dev/claimed; exec sleep 1000']
            resources:
              limits: {'{{resource}}': 1}
        """;

    private static string Template(string deviceClass) => $$$$"""
        apiVersion: resource.k8s.io/v1
        kind: ResourceClaimTemplate
        metadata: {name: device}
        spec: {spec: {devices: {requests: [{name: one, exactly: {deviceClassName: {{{{deviceClass}}}}}}]}}}
        """;

    private static string Pod(string name) => $$"""
        metadata: {name: {{name}}}
        spec:
          resourceClaims: [{name: device, resourceClaimTemplateName: device}]
          containers:
          - name: main
            image: my-image
            imagePullPolicy: Never
            command: [sh, -c, 'echo $CLAIM; ls -l /dev/claimed; exec sleep 1000']
            resources: {claims: [{name: device}]}
        """;
}
