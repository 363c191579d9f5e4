using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Storage;

/// <summary>Scratch space on disk and in memory.</summary>
public sealed class EmptyDirTests(LiveCluster cluster)
{
    [Theory]
    [CombinatorialModes]
    public async Task A_file_of_any_mode_can_be_made_by_any_user(int user, string mode, string medium)
    {
        await using var space = await Space.CreateAsync(cluster);
        var pod = new MountPod($"echo mount-tester new file > /v/f && chmod {mode} /v/f && stat -c %a:%u /v/f && cat /v/f; awk '$2 == \"/v\" {{print $3}}' /proc/mounts")
        {
            Volumes = Volume(medium),
            Security = $"{{runAsUser: {user}}}",
        };
        var lines = (await space.OutputAsync(pod.ToString())).Split('\n');
        Assert.Equal($"{mode.TrimStart('0')}:{user}", lines[0]);
        Assert.Equal("mount-tester new file", lines[1]);
        Assert.Equal(medium == "Memory" ? "tmpfs" : FileSystemOf(cluster.DataDirectory), lines[2]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Memory")]
    public async Task The_directory_is_open_to_everybody(string medium)
    {
        await using var space = await Space.CreateAsync(cluster);
        var pod = new MountPod("stat -c %a /v") { Volumes = Volume(medium) };
        Assert.Equal("777\n", await space.OutputAsync(pod.ToString()));
    }

    [Fact]
    public async Task Containers_of_a_pod_share_it()
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(
            """
            metadata: {name: shared}
            spec:
              restartPolicy: Never
              volumes: [{name: v, emptyDir: {}}]
              containers:
              - {name: reader, image: my-image, imagePullPolicy: Never, command: [sh, -c, until cat /v/data 2>/dev/null; do sleep 0.1; done], volumeMounts: [{name: v, mountPath: /v}]}
              - {name: writer, image: my-image, imagePullPolicy: Never, command: [sh, -c, echo Hello World > /v/t && mv /v/t /v/data], volumeMounts: [{name: v, mountPath: /v}]}
            """,
            "reader");
        Assert.Equal("Hello World\n", log);
    }

    [Fact]
    public async Task Volumes_made_of_a_secret_and_a_config_map_do_not_disturb_each_other()
    {
        await using var space = await Space.CreateAsync(cluster);
        await Source.Secret.SetAsync(space, "one", ("data-1", "secret"));
        await Source.ConfigMap.SetAsync(space, "two", ("data-1", "map"));
        var pod = new MountPod("cat /v/data-1 /w/data-1")
        {
            Volumes = $"{Source.Secret.Volume("one")}, {Source.ConfigMap.Volume("two", volume: "w")}",
            Mounts = "{name: v, mountPath: /v, readOnly: true}, {name: w, mountPath: /w}",
        };
        Assert.Equal("secretmap", await space.OutputAsync(pod.ToString()));
    }

    [Fact]
    public async Task Pods_with_fifty_config_maps_each_start_side_by_side()
    {
        const int maps = 50;
        await using var space = await Space.CreateAsync(cluster);
        await Task.WhenAll(Enumerable.Range(0, maps).Select(i => Source.ConfigMap.SetAsync(space, $"racey-{i}", ("data-1", $"value-{i}\n"))));
        var volumes = string.Join(", ", Enumerable.Range(0, maps).Select(i => Source.ConfigMap.Volume($"racey-{i}", volume: $"v{i}")));
        var mounts = string.Join(", ", Enumerable.Range(0, maps).Select(i => $"{{name: v{i}, mountPath: /v/{i}}}"));
        var outputs = await Task.WhenAll(Enumerable.Range(0, 3).Select(i =>
            space.OutputAsync(new MountPod("cat /v/*/data-1 | wc -l") { Name = $"racer-{i}", Volumes = volumes, Mounts = mounts }.ToString(), seconds: 120)));
        Assert.All(outputs, output => Assert.Equal($"{maps}\n", output));
    }

    private static string Volume(string medium) => $"{{name: v, emptyDir: {{medium: \"{medium}\"}}}}";

    private static string FileSystemOf(string directory) => File.ReadLines("/proc/mounts").Select(line => line.Split(' '))
        .Where(mount => mount[1] == "/" || directory.StartsWith(mount[1] + "/", StringComparison.Ordinal))
        .MaxBy(mount => mount[1].Length)![2];
}
