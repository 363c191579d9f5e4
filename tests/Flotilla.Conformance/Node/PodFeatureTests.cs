using System.Globalization;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>What pods may ask of their node: names, namespaces, order, limits and profiles.</summary>
public sealed class PodFeatureTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("dnsPolicy: ClusterFirst", "nameserver 10.96.0.10|search {ns}.svc.cluster.local svc.cluster.local cluster.local|options ndots:5")]
    [InlineData("dnsPolicy: None|dnsConfig: {nameservers: [1.2.3.4], searches: [a.example], options: [{name: ndots, value: '2'}, {name: edns0}]}", "nameserver 1.2.3.4|search a.example|options ndots:2 edns0")]
    [InlineData("dnsPolicy: ClusterFirstWithHostNet|hostNetwork: true", "nameserver 10.96.0.10|options ndots:5")]
    public async Task Resolv_conf_follows_the_pods_policy(string spec, string lines)
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(PodYaml.Once("dns", "cat /etc/resolv.conf", "", spec.Split('|')));
        Assert.All(lines.Split('|'), line => Assert.Contains(line.Replace("{ns}", space.Name, StringComparison.Ordinal), log, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("hostname: short", "short")]
    [InlineData("hostname: short|subdomain: sub", "short")]
    [InlineData("hostname: short|subdomain: sub|setHostnameAsFQDN: true", "short.sub.{ns}.svc.cluster.local")]
    [InlineData("hostname: short|hostNetwork: true", "{node}")]
    public async Task The_hostname_is_the_pods_or_the_nodes(string spec, string expected)
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(PodYaml.Once("name", "hostname", "", spec.Split('|')));
        Assert.Equal(expected.Replace("{ns}", space.Name, StringComparison.Ordinal).Replace("{node}", Environment.MachineName, StringComparison.Ordinal), log.Trim());
    }

    [Fact]
    public async Task Namespaces_are_the_containers_the_pods_or_the_nodes()
    {
        await using var space = await Space.CreateAsync(cluster);
        const string look = "for n in pid ipc net; do readlink /proc/self/ns/$n; done";
        async Task<string[]> Look(string name, params string[] spec) => (await space.OutputAsync(PodYaml.Once(name, look, "", spec))).Trim().Split('\n');
        string[] own = [.. new[] { "pid", "ipc", "net" }.Select(kind => new FileInfo($"/proc/self/ns/{kind}").LinkTarget!)];
        var (plain, host) = (await Look("plain"), await Look("host", "hostPID: true", "hostIPC: true", "hostNetwork: true"));
        Assert.Equal(own, host);
        Assert.All(plain.Zip(own), pair => Assert.NotEqual(pair.Second, pair.First));
        await space.CreatePodAsync(PodYaml.Server("shared", "", "shareProcessNamespace: true"));
        await space.ReadyPodAsync("shared");
        Assert.Contains("pause", await space.ShellAsync("shared", "cat /proc/1/cmdline"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sidecars_start_first_and_stop_last()
    {
        await using var space = await Space.CreateAsync(cluster);
        var stamp = (string name) => $"echo start {name} >> /log/all; trap 'echo stop {name} >> /log/all; exit 0' TERM; while :; do sleep 0.1; done";
        const string mount = "volumeMounts: [{name: log, mountPath: /log}]";
        var directory = Directory.CreateTempSubdirectory("flotilla-order-").FullName;
        await space.CreatePodAsync(PodYaml.For(
            "order", PodYaml.Container("main", stamp("main"), mount),
            $"initContainers: [{PodYaml.Container("first", stamp("first"), "restartPolicy: Always, " + mount)}, {PodYaml.Container("second", stamp("second"), "restartPolicy: Always, " + mount)}]",
            "terminationGracePeriodSeconds: 20", $"volumes: [{{name: log, hostPath: {{path: {directory}, type: DirectoryOrCreate}}}}]"));
        await space.ReadyPodAsync("order");
        await space.Client.CoreV1.DeleteNamespacedPodAsync("order", space.Name);
        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPodAsync(space.Name), list => list.Items.Count == 0, 20);
        Assert.Equal(["start first", "start second", "start main", "stop main", "stop second", "stop first"], await File.ReadAllLinesAsync(directory + "/all"));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Too_much_memory_ends_a_container_and_the_status_says_so()
    {
        await using var space = await Space.CreateAsync(cluster);

        // Of one that ends with its start the runtime does not tell why, and not every machine's kernel log does.
        await space.CreatePodAsync(PodYaml.For("greedy", "{name: main, image: my-image, imagePullPolicy: Never, command: [sh, -c, 'sleep 1; exec tail /dev/zero'], resources: {limits: {memory: 16Mi}}}", "restartPolicy: Never"));
        var end = (await space.EndedPodAsync("greedy")).Status.ContainerStatuses[0].State.Terminated;
        Assert.Equal((137, "OOMKilled"), (end.ExitCode, end.Reason));
    }

    [Fact]
    public async Task Resources_of_the_pod_itself_limit_all_its_containers()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("whole", "", "resources: {requests: {cpu: 50m, memory: 32Mi}, limits: {cpu: 200m, memory: 64Mi}}"));
        var pod = await space.ReadyPodAsync("whole");
        Assert.Equal("Burstable", pod.Status.QosClass);
        var directory = Directory.EnumerateDirectories("/sys/fs/cgroup", "pod" + pod.Metadata.Uid, new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true });
        var limits = directory.SelectMany(path => new[] { "memory.limit_in_bytes", "memory.max" }.Select(file => Path.Combine(path, file))).Where(File.Exists).Select(File.ReadAllText);
        Assert.Equal(["67108864\n"], limits);
    }

    [Fact]
    public async Task Classes_of_service_have_their_shares_of_the_processor()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("burst", "resources: {requests: {cpu: 200m}}"));
        await space.ReadyPodAsync("burst");
        const string root = "/sys/fs/cgroup/cpu/kubepods";
        Assert.SkipUnless(Directory.Exists(root), "This machine has the unified hierarchy alone.");
        await space.UntilAsync(async () => long.Parse(await File.ReadAllTextAsync(root + "/burstable/cpu.shares"), CultureInfo.InvariantCulture), shares => shares >= 204, 20);
        Assert.Equal("2\n", await File.ReadAllTextAsync(root + "/besteffort/cpu.shares"));
        Assert.Equal(Environment.ProcessorCount * 1024, long.Parse(await File.ReadAllTextAsync(root + "/cpu.shares"), CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("seccompProfile: {type: RuntimeDefault}", "Seccomp:\t2")]
    [InlineData("seccompProfile: {type: Unconfined}", "Seccomp:\t0")]
    [InlineData("seccompProfile: {type: Localhost, localhostProfile: profiles/allow.json}", "Seccomp:\t2")]
    public async Task Seccomp_filters_as_the_profile_says(string profile, string expected)
    {
        await using var space = await Space.CreateAsync(cluster);
        var directory = Directory.CreateDirectory(Path.Combine(cluster.DataDirectory, "node", "seccomp", "profiles"));
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "allow.json"), """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["kexec_load"],"action":"SCMP_ACT_ERRNO"}]}""");
        var log = await space.OutputAsync(PodYaml.Once("filter", "grep ^Seccomp: /proc/self/status", $"securityContext: {{{profile}}}"));
        Assert.Equal(expected, log.Trim());
    }

    [Fact]
    public async Task A_pod_has_users_of_its_own_where_the_runtime_can_give_them()
    {
        await using var space = await Space.CreateAsync(cluster);
        string[] spec = ["hostUsers: false", "securityContext: {fsGroup: 2000}", "volumes: [{name: work, emptyDir: {}}]"];
        var script = "cat /proc/self/uid_map; touch /work/file; stat -c '%u %g' /work/file; stat -c %u /var/run/secrets/kubernetes.io/serviceaccount/..data/token";
        if (await RuntimeAsync(space) is { UserNamespaces: true })
        {
            var lines = (await space.OutputAsync(PodYaml.Once("users", script, "volumeMounts: [{name: work, mountPath: /work}]", spec))).Split('\n');
            Assert.Matches("^ +0 +[1-9][0-9]* +65536$", lines[0]);
            Assert.Equal(["0 2000", "0"], lines[1..3]);
        }
        else
        {
            await space.CreatePodAsync(PodYaml.Server("users", "", "hostUsers: false"));
            Assert.Equal(
                "Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces",
                (await space.EventAsync("users", "FailedCreatePodSandBox")).Message);
        }
    }

    [Fact]
    public async Task An_image_gives_no_groups_to_a_pod_that_forbids_it()
    {
        await using var space = await Space.CreateAsync(cluster);
        var node = (await space.Client.CoreV1.ListNodeAsync()).Items[0];
        if (node.Status.Features?.SupplementalGroupsPolicy == true)
        {
            var output = await space.OutputAsync(PodYaml.Once("groups", "id -G", "", "securityContext: {runAsUser: 1000, runAsGroup: 1000, supplementalGroups: [7], supplementalGroupsPolicy: Strict}"));
            Assert.Equal("1000 7", output.Trim());
            var user = (await space.Client.CoreV1.ReadNamespacedPodAsync("groups", space.Name)).Status.ContainerStatuses[0].User.Linux;
            Assert.Equal((1000, 1000), (user.Uid, user.Gid));
        }
        else
        {
            await space.CreatePodAsync(PodYaml.Server("groups", "", "securityContext: {supplementalGroups: [1], supplementalGroupsPolicy: Strict}"));
            var pod = await space.EndedPodAsync("groups");
            Assert.Equal(("SupplementalGroupsPolicyNotSupported", "Pod was rejected: SupplementalGroupsPolicy=Strict is not supported in this node"), (pod.Status.Reason, pod.Status.Message));
        }
    }

    [Fact]
    public async Task A_hook_that_sleeps_holds_the_end_back()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("sleepy", PodYaml.Container("main", "trap 'exit 0' TERM; while :; do sleep 0.1; done", "lifecycle: {preStop: {sleep: {seconds: 3}}}"), "terminationGracePeriodSeconds: 20"));
        await space.ReadyPodAsync("sleepy");
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        await space.Client.CoreV1.DeleteNamespacedPodAsync("sleepy", space.Name);
        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPodAsync(space.Name), list => list.Items.Count == 0, 15);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) >= TimeSpan.FromSeconds(3));
    }

    private static async Task<V1NodeRuntimeHandlerFeatures?> RuntimeAsync(Space space) =>
        (await space.Client.CoreV1.ListNodeAsync()).Items[0].Status.RuntimeHandlers?.FirstOrDefault(handler => string.IsNullOrEmpty(handler.Name))?.Features;
}
