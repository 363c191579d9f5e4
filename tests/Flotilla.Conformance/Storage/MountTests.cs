using System.Text;
using Flotilla.Conformance.Live;
using Flotilla.Node.Tests.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Storage;

/// <summary>How volumes appear in containers.</summary>
public sealed class MountTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("Never")]
    [InlineData("IfNotPresent")]
    public async Task An_image_is_a_volume_that_nobody_writes(string policy)
    {
        await using var space = await Space.CreateAsync(cluster);
        var pod = new MountPod("cat /v/etc/passwd; ls /w; touch /v/file 2>&1 | grep -o Read-only")
        {
            Volumes = $"{{name: v, image: {{reference: my-image, pullPolicy: {policy}}}}}",
            Mounts = "{name: v, mountPath: /v}, {name: v, mountPath: /w, subPath: etc}",
        };
        Assert.Equal("root:x:0:0:root:/root:/bin/sh\ngroup\npasswd\nRead-only\n", await space.OutputAsync(pod.ToString()));
    }

    [Fact]
    public async Task An_image_volume_with_the_policy_Always_is_pulled_for_every_pod()
    {
        await using var space = await Space.CreateAsync(cluster);
        await using var registry = await DockerRegistry.StartAsync(TestContext.Current.CancellationToken);
        var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{DockerRegistry.User}:{DockerRegistry.Password}"));
        await space.Client.CoreV1.CreateNamespacedSecretAsync(
            new V1Secret
            {
                Metadata = new V1ObjectMeta { Name = "login" },
                Type = "kubernetes.io/dockerconfigjson",
                StringData = new Dictionary<string, string>(StringComparer.Ordinal) { [".dockerconfigjson"] = $$$$"""{"auths":{"{{{{registry.Host}}}}":{"auth":"{{{{login}}}}"}}}""" },
            },
            space.Name);
        foreach (var note in (string[])["first", "second"])
        {
            await registry.PushAsync("data", "latest", note, TestContext.Current.CancellationToken);
            var pod = new MountPod("test -x /v/bin/busybox && echo pulled")
            {
                Volumes = $"{{name: v, image: {{reference: '{registry.Host}/data:latest', pullPolicy: Always}}}}",
                Mounts = "{name: v, mountPath: /v}",
                Name = "pulls-" + note,
            };
            var yaml = pod.ToString().Replace("  restartPolicy:", "  imagePullSecrets: [{name: login}]\n  restartPolicy:", StringComparison.Ordinal);
            Assert.Equal("pulled\n", await space.OutputAsync(yaml));
            Assert.Contains(await space.EventsAsync("pulls-" + note), told => told.Reason == "Pulling" && told.Message.Contains($"{registry.Host}/data:latest", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_image_that_cannot_be_had_is_told()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(new MountPod("true") { Volumes = "{name: v, image: {reference: no-such-image, pullPolicy: Never}}" }.ToString());
        Assert.Contains("ErrImageNeverPull", (await space.EventAsync("reader", "FailedMount")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_mount_is_not_written_and_memory_has_the_size_asked_for()
    {
        await using var space = await Space.CreateAsync(cluster);
        var pod = new MountPod("touch /v/file 2>&1 | grep -o Read-only; df -k /w | awk \"END {print \\$2}\"")
        {
            Volumes = "{name: v, emptyDir: {}}, {name: w, emptyDir: {medium: Memory, sizeLimit: 4Mi}}",
            Mounts = "{name: v, mountPath: /v, readOnly: true}, {name: w, mountPath: /w}",
        };
        Assert.Equal("Read-only\n4096\n", await space.OutputAsync(pod.ToString()));
    }

    [Fact]
    public async Task A_link_that_a_pod_planted_leads_no_container_out_of_the_volume()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync("""
            metadata: {name: trap}
            spec:
              restartPolicy: Never
              volumes: [{name: v, emptyDir: {}}]
              initContainers:
              - {name: plant, image: my-image, imagePullPolicy: Never, command: [sh, -c, ln -s /etc /v/out], volumeMounts: [{name: v, mountPath: /v}]}
              containers:
              - {name: main, image: my-image, imagePullPolicy: Never, command: [cat, /w/shadow], volumeMounts: [{name: v, mountPath: /w, subPath: out}]}
            """);
        var pod = await space.PodAsync("trap", pod => pod.Status.ContainerStatuses?[0].State.Waiting?.Reason == "CreateContainerConfigError");
        Assert.Equal("failed to prepare subPath for volumeMount \"v\" of container \"main\"", pod.Status.ContainerStatuses[0].State.Waiting.Message);
    }

    [Fact]
    public async Task A_claim_for_one_pod_keeps_the_second_waiting()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync("""
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: data}
            spec: {accessModes: [ReadWriteOncePod], resources: {requests: {storage: 1Gi}}}
            """);
        const string volume = "{name: v, persistentVolumeClaim: {claimName: data}}";
        await space.CreatePodAsync(new MountPod("sleep 1000") { Name = "first", Volumes = volume, Restart = "Always" }.ToString());
        await space.ReadyPodAsync("first");
        await space.CreatePodAsync(new MountPod("true") { Volumes = volume }.ToString());
        Assert.Contains(
            "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
            (await space.EventAsync("reader", "FailedScheduling")).Message,
            StringComparison.Ordinal);
        await space.KubectlAsync("delete", "pod", "first", "--now");
        Assert.Equal("Succeeded", (await space.EndedPodAsync("reader")).Status.Phase);
    }
}
