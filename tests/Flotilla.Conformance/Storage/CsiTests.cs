using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Storage;

/// <summary>A real driver behind its sockets: made, attached, staged, published, grown and deleted.</summary>
public sealed class CsiTests(LiveCluster cluster)
{
    private const string Volume = "{name: v, persistentVolumeClaim: {claimName: data}}";

    [Fact]
    public async Task A_volume_goes_through_its_whole_life()
    {
        const string name = "disk.example.com";
        await using var driver = await CsiDriverProcess.StartAsync(cluster, name, "{attachRequired: true, podInfoOnMount: true, fsGroupPolicy: File}");
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(ClassAndClaim(name));
        await space.CreatePodAsync(new MountPod("echo kept > /v/file; stat -c %g /v/file; sleep 1000") { Volumes = Volume, Restart = "Always", Security = "{fsGroup: 4321}" }.ToString());
        await space.ReadyPodAsync("reader");
        Assert.Equal("4321\n", await space.LogAsync("reader", null, "4321"));
        Assert.Contains("\"made-by\": \"disk.example.com\"", await driver.CallAsync("NodeStageVolume"), StringComparison.Ordinal);
        Assert.Contains("\"slot\": \"7\"", await driver.CallAsync("NodePublishVolume"), StringComparison.Ordinal);
        Assert.Contains("\"csi.storage.k8s.io/pod.name\": \"reader\"", await driver.CallAsync("NodePublishVolume"), StringComparison.Ordinal);
        Assert.StartsWith("AttachVolume.Attach succeeded for volume \"pvc-", (await space.EventAsync("reader", "SuccessfulAttachVolume")).Message, StringComparison.Ordinal);

        var grow = new V1Patch("""{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}""", V1Patch.PatchType.MergePatch);
        await space.Client.CoreV1.PatchNamespacedPersistentVolumeClaimAsync(grow, "data", space.Name);
        await driver.CallAsync("ControllerExpandVolume");
        await driver.CallAsync("NodeExpandVolume");
        await ClaimAsync(space, claim => claim.Status.Capacity["storage"].ToString() == "2Gi" && claim.Status.Conditions is not { Count: > 0 });

        await space.KubectlAsync("delete", "pod", "reader", "--now");
        await driver.CallAsync("NodeUnstageVolume");
        await driver.CallAsync("ControllerUnpublishVolume");
        Assert.Equal("kept\n", await space.OutputAsync(new MountPod("cat /v/file") { Volumes = Volume, Name = "again" }.ToString()));
        await space.KubectlAsync("delete", "pod", "again", "--now");
        await space.KubectlAsync("delete", "pvc", "data", "--wait=false");
        await driver.CallAsync("DeleteVolume");
        await space.UntilAsync(() => Task.FromResult(driver.Volumes.Length), count => count == 0);
        await space.UntilAsync(() => space.Client.StorageV1.ListVolumeAttachmentAsync(), list => !list.Items.Any(one => one.Spec.Attacher == name));
        await space.Client.StorageV1.DeleteStorageClassAsync(name);
    }

    [Fact]
    public async Task An_inline_volume_lives_as_long_as_its_pod_and_gets_tokens()
    {
        const string name = "inline.example.com";
        await using var driver = await CsiDriverProcess.StartAsync(
            cluster, name, "{attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: [Ephemeral], tokenRequests: [{audience: vault}]}");
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(new MountPod("cat /v/context") { Volumes = $"{{name: v, csi: {{driver: {name}, volumeAttributes: {{colour: blue}}}}}}" }.ToString());
        Assert.Contains("colour=blue\n", log, StringComparison.Ordinal);
        Assert.Contains("csi.storage.k8s.io/ephemeral=true\n", log, StringComparison.Ordinal);
        Assert.Contains("csi.storage.k8s.io/serviceAccount.tokens={\"vault\":{\"token\":\"ey", log, StringComparison.Ordinal);
        await space.KubectlAsync("delete", "pod", "reader", "--now");
        await driver.CallAsync("NodeUnpublishVolume");
        Assert.DoesNotContain(await driver.CallsAsync(), call => call.StartsWith("NodeStageVolume ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_volume_without_a_file_system_is_a_device_in_the_pod()
    {
        const string name = "block.example.com";
        await using var driver = await CsiDriverProcess.StartAsync(cluster, name, "{attachRequired: true}");
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(ClassAndClaim(name).Replace("accessModes", "volumeMode: Block, accessModes", StringComparison.Ordinal));
        Assert.Equal("1048576\n", await space.OutputAsync(Device("writes", "test -b /dev/data && echo raw | dd of=/dev/data 2> /dev/null && cat /dev/data | wc -c")));
        Assert.Contains("\"block\": {", await driver.CallAsync("NodePublishVolume"), StringComparison.Ordinal);
        await space.KubectlAsync("delete", "pod", "writes", "--now");
        await driver.CallAsync("ControllerUnpublishVolume");
        Assert.Equal("raw\n", await space.OutputAsync(Device("reads", "head -n 1 /dev/data")));
        await space.KubectlAsync("delete", "pod", "reads", "--now");
        await space.KubectlAsync("delete", "pvc", "data", "--wait=false");
        await driver.CallAsync("DeleteVolume");
        await space.Client.StorageV1.DeleteStorageClassAsync(name);
    }

    [Fact]
    public async Task A_driver_that_asks_for_it_is_told_of_its_volumes_again_and_again()
    {
        const string name = "again.example.com";
        await using var driver = await CsiDriverProcess.StartAsync(cluster, name, "{attachRequired: false, requiresRepublish: true, volumeLifecycleModes: [Ephemeral]}");
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(new MountPod("sleep 1000") { Volumes = $"{{name: v, csi: {{driver: {name}}}}}", Restart = "Always" }.ToString());
        await space.ReadyPodAsync("reader");
        await space.UntilAsync(async () => (await driver.CallsAsync()).Count(call => call.StartsWith("NodePublishVolume ", StringComparison.Ordinal)), count => count >= 2, 120);
        Assert.Equal(0, (await space.PodAsync("reader")).Status.ContainerStatuses[0].RestartCount);
        await space.KubectlAsync("delete", "pod", "reader", "--now");
        await driver.CallAsync("NodeUnpublishVolume");
    }

    [Fact]
    public async Task What_the_driver_refuses_is_told()
    {
        const string name = "small.example.com";
        await using var driver = await CsiDriverProcess.StartAsync(cluster, name, "{attachRequired: false}");
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(ClassAndClaim(name).Replace("1Gi", "2Ti", StringComparison.Ordinal));
        await space.CreatePodAsync(new MountPod("true") { Volumes = Volume }.ToString());
        Assert.Equal(
            $"failed to provision volume with StorageClass \"{name}\": rpc error: code = OutOfRange desc = no disk is that large",
            (await space.EventAsync("data", "ProvisioningFailed")).Message);
        await space.CreatePodAsync(new MountPod("true") { Name = "inline", Volumes = $"{{name: v, csi: {{driver: {name}}}}}" }.ToString());
        Assert.Equal(
            "MountVolume.SetUp failed for volume \"v\" : kubernetes.io/csi: mounter.SetUpAt failed to check volume lifecycle mode: volume mode \"Ephemeral\" not supported by driver small.example.com (only supports [\"Persistent\"])",
            (await space.EventAsync("inline", "FailedMount")).Message);
        await space.Client.StorageV1.DeleteStorageClassAsync(name);
    }

    [Fact]
    public async Task A_driver_without_room_keeps_the_pod_waiting()
    {
        const string name = "full.example.com";
        await using var driver = await CsiDriverProcess.StartAsync(cluster, name, "{attachRequired: false, storageCapacity: true}");
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(ClassAndClaim(name).Replace("1Gi", "2Ti", StringComparison.Ordinal));
        await space.UntilAsync(
            () => space.Client.StorageV1.ListCSIStorageCapacityForAllNamespacesAsync(), list => list.Items.Any(one => one.StorageClassName == name && one.Capacity.ToString() == $"{1L << 40}"));
        await space.CreatePodAsync(new MountPod("true") { Volumes = Volume }.ToString());
        Assert.Contains("node(s) did not have enough free storage", (await space.EventAsync("reader", "FailedScheduling")).Message, StringComparison.Ordinal);
        await space.Client.StorageV1.DeleteStorageClassAsync(name);
        await space.UntilAsync(() => space.Client.StorageV1.ListCSIStorageCapacityForAllNamespacesAsync(), list => list.Items.All(one => one.StorageClassName != name));
    }

    private static string Device(string name, string command) => $$"""
        metadata: {name: {{name}} }
        spec:
          restartPolicy: Never
          volumes: [{{Volume}}]
          containers:
          - {name: main, image: my-image, imagePullPolicy: Never, command: [sh, -c, '{{command}}'], volumeDevices: [{name: v, devicePath: /dev/data}]}
        """;

    private static string ClassAndClaim(string name) => $$"""
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: {name: {{name}} }
        provisioner: {{name}}
        volumeBindingMode: WaitForFirstConsumer
        allowVolumeExpansion: true
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {storageClassName: {{name}}, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi} } }
        """;

    private static Task<V1PersistentVolumeClaim> ClaimAsync(Space space, Func<V1PersistentVolumeClaim, bool> isRight) =>
        space.UntilAsync(() => space.Client.CoreV1.ReadNamespacedPersistentVolumeClaimAsync("data", space.Name), isRight);
}
