using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Storage;

/// <summary>Claims on the default class: a directory of the node, made when the first pod comes.</summary>
public sealed class ClaimTests(LiveCluster cluster)
{
    private const string Claim = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        """;

    private const string Volume = "{name: v, persistentVolumeClaim: {claimName: data}}";

    [Fact]
    public async Task Data_outlives_the_pod_and_goes_with_the_claim()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Claim);
        Assert.Equal("waiting for first consumer to be created before binding", (await space.EventAsync("data", "WaitForFirstConsumer")).Message);
        await space.OutputAsync(new MountPod("echo kept > /v/file") { Name = "writer", Volumes = Volume }.ToString());
        Assert.Equal("kept\n", await space.OutputAsync(new MountPod("cat /v/file") { Volumes = Volume, Security = "{runAsUser: 1000}" }.ToString()));
        var volume = await VolumeAsync(space);
        Assert.Equal(("Delete", "standard"), (volume.Spec.PersistentVolumeReclaimPolicy, volume.Spec.StorageClassName));
        Assert.True(Directory.Exists(volume.Spec.Local.Path));
        await space.EventAsync("data", "ProvisioningSucceeded");
        await space.KubectlAsync("delete", "pods", "--all", "--now");
        await space.KubectlAsync("delete", "pvc", "data", "--wait=false");
        await GoneAsync(volume);
        Assert.False(Directory.Exists(volume.Spec.Local.Path));
    }

    [Fact]
    public async Task A_retained_volume_keeps_its_data()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Claim);
        await space.OutputAsync(new MountPod("echo kept > /v/file") { Volumes = Volume }.ToString());
        var volume = await VolumeAsync(space);
        var retain = new V1Patch("""{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}""", V1Patch.PatchType.MergePatch);
        await space.Client.CoreV1.PatchPersistentVolumeAsync(retain, volume.Metadata.Name);
        await space.KubectlAsync("delete", "pods", "--all", "--now");
        await space.KubectlAsync("delete", "pvc", "data", "--wait=false");
        await space.UntilAsync(() => space.Client.CoreV1.ReadPersistentVolumeAsync(volume.Metadata.Name), now => now.Status.Phase == "Released");
        await space.Client.CoreV1.DeletePersistentVolumeAsync(volume.Metadata.Name);
        await GoneAsync(volume);
        Assert.Equal("kept\n", await File.ReadAllTextAsync(Path.Combine(volume.Spec.Local.Path, "file")));
    }

    [Fact]
    public async Task A_claim_in_use_is_not_deleted_and_one_that_grows_says_so()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Claim);
        await space.CreatePodAsync(new MountPod("sleep 1000") { Volumes = Volume, Restart = "Always" }.ToString());
        await space.ReadyPodAsync("reader");
        var grow = new V1Patch("""{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}""", V1Patch.PatchType.MergePatch);
        await space.Client.CoreV1.PatchNamespacedPersistentVolumeClaimAsync(grow, "data", space.Name);
        await ClaimAsync(space, claim => claim.Status.Capacity["storage"].ToString() == "2Gi");
        Assert.Equal("2Gi", (await VolumeAsync(space)).Spec.Capacity["storage"].ToString());
        await space.KubectlAsync("delete", "pvc", "data", "--wait=false");
        Assert.NotNull((await ClaimAsync(space, _ => true)).Metadata.DeletionTimestamp);
        await space.KubectlAsync("delete", "pod", "reader", "--now");
        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPersistentVolumeClaimAsync(space.Name), claims => claims.Items.Count == 0);
    }

    [Fact]
    public async Task An_ephemeral_volume_comes_and_goes_with_its_pod()
    {
        await using var space = await Space.CreateAsync(cluster);
        var pod = new MountPod("echo text > /v/file && cat /v/file")
        {
            Volumes = "{name: v, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}",
        };
        Assert.Equal("text\n", await space.OutputAsync(pod.ToString()));
        Assert.Equal("Bound", (await space.Client.CoreV1.ReadNamespacedPersistentVolumeClaimAsync("reader-v", space.Name)).Status.Phase);
        await space.KubectlAsync("delete", "pod", "reader", "--now");
        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPersistentVolumeClaimAsync(space.Name), claims => claims.Items.Count == 0);
    }

    [Fact]
    public async Task A_block_volume_is_a_device_that_keeps_its_content()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Claim.Replace("{accessModes", "{volumeMode: Block, accessModes", StringComparison.Ordinal).Replace("1Gi", "16Mi", StringComparison.Ordinal));
        foreach (var (name, command) in ((string, string)[])[("writer", "printf block > /dev/data && sync"), ("reader", "head -c 5 /dev/data && blockdev --getsize64 /dev/data")])
        {
            await space.CreatePodAsync($$"""
                metadata: {name: {{name}}}
                spec:
                  restartPolicy: Never
                  volumes: [{{Volume}}]
                  containers:
                  - {name: main, image: my-image, imagePullPolicy: Never, command: [sh, -c, '{{command}}'], volumeDevices: [{name: v, devicePath: /dev/data}]}
                """);
            Assert.Equal("Succeeded", (await space.EndedPodAsync(name)).Status.Phase);
        }
        Assert.Equal("block16777216\n", await space.LogAsync("reader"));
    }

    [Fact]
    public async Task A_static_volume_is_bound_to_the_claim_that_fits()
    {
        await using var space = await Space.CreateAsync(cluster);
        var directory = Directory.CreateDirectory(Path.Combine(cluster.DataDirectory, space.Name)).FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "file"), "static\n");
        await space.ApplyAsync($$"""
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: {{space.Name}}}
            spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: {{space.Name}}, hostPath: {path: {{directory}}} }
            ---
            """ + "\n" + Claim.Replace("{accessModes", $"{{storageClassName: {space.Name}, accessModes", StringComparison.Ordinal));
        Assert.Equal("static\n", await space.OutputAsync(new MountPod("cat /v/file") { Volumes = Volume }.ToString()));
        await space.Client.CoreV1.DeletePersistentVolumeAsync(space.Name);
    }

    private static Task<V1PersistentVolumeClaim> ClaimAsync(Space space, Func<V1PersistentVolumeClaim, bool> isRight) =>
        space.UntilAsync(() => space.Client.CoreV1.ReadNamespacedPersistentVolumeClaimAsync("data", space.Name), isRight);

    private static async Task<V1PersistentVolume> VolumeAsync(Space space) =>
        await space.Client.CoreV1.ReadPersistentVolumeAsync((await ClaimAsync(space, claim => claim.Status.Phase == "Bound")).Spec.VolumeName);

    private Task GoneAsync(V1PersistentVolume volume) => EndToEnd.Tools.Eventually.GetAsync(
        async () => (await cluster.Client.CoreV1.ListPersistentVolumeAsync(fieldSelector: $"metadata.name={volume.Metadata.Name}")).Items.Count, count => count == 0);
}
