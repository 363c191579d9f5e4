using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Node;

/// <summary>Whom containers run as and what they may do.</summary>
public sealed class SecurityTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("securityContext: {runAsUser: 65534}", "", "uid=65534 gid=0")]
    [InlineData("securityContext: {runAsUser: 1001, runAsGroup: 2002}", "", "uid=1001 gid=2002")]
    [InlineData("", "securityContext: {runAsUser: 1001, runAsGroup: 2002}", "uid=1001 gid=2002")]
    [InlineData("securityContext: {runAsUser: 1, runAsGroup: 2}", "securityContext: {runAsUser: 1001, runAsGroup: 2002, supplementalGroups: [3003], fsGroup: 4004}", "uid=1 gid=2 groups=2,3003,4004")]
    [InlineData("", "securityContext: {runAsUser: 1001, supplementalGroups: [3003]}", "uid=1001 gid=0 groups=0,3003")]
    public async Task A_container_runs_as_the_user_and_groups_it_asks_for(string container, string pod, string expected)
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(PodYaml.Once("who", "echo uid=$(id -u) gid=$(id -g) groups=$(id -G | tr ' ' '\\n' | sort -n | tr '\\n' ',' | sed s/,$//)", container, pod.Length > 0 ? [pod] : []));
        Assert.StartsWith(expected, log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("securityContext: {privileged: false}", "ip link set lo down", false)]
    [InlineData("securityContext: {privileged: true}", "ip link set lo down", true)]
    [InlineData("securityContext: {readOnlyRootFilesystem: false}", "echo test > /file", true)]
    [InlineData("securityContext: {readOnlyRootFilesystem: true}", "echo test > /file", false)]
    [InlineData("securityContext: {capabilities: {add: [NET_ADMIN]}}", "ip link set lo down", true)]
    [InlineData("securityContext: {capabilities: {drop: [CHOWN]}}", "touch /tmp/f && chown 1:1 /tmp/f", false)]
    public async Task A_container_may_do_what_its_context_says(string container, string script, bool succeeds)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Once("may", script, container));
        Assert.Equal(succeeds ? "Succeeded" : "Failed", (await space.EndedPodAsync("may")).Status.Phase);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task Privileges_are_not_gained_unless_allowed(bool allowed, int noNewPrivileges)
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(PodYaml.Once("gain", "grep NoNewPrivs /proc/self/status", $"securityContext: {{runAsUser: 1000, allowPrivilegeEscalation: {(allowed ? "true" : "false")}}}"));
        Assert.Equal($"NoNewPrivs:\t{noNewPrivileges}\n", log);
    }

    [Fact]
    public async Task Sysctls_of_the_pod_are_set()
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(PodYaml.Once("sysctl", "cat /proc/sys/kernel/shm_rmid_forced", "", "securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: '1'}]}"));
        Assert.Equal("1\n", log);
    }

    [Fact]
    public async Task Sysctls_of_bad_names_are_refused_and_unsafe_ones_rejected_by_the_node()
    {
        await using var space = await Space.CreateAsync(cluster);
        var refused = await Assert.ThrowsAsync<k8s.Autorest.HttpOperationException>(() => space.CreatePodAsync(PodYaml.Once("bad", "true", "",
            "securityContext: {sysctls: [{name: foo-, value: bar}, {name: kernel.shmmax, value: '100000000'}, {name: safe-and-unsafe, value: '1'}, {name: bar.., value: '42'}]}")));
        Assert.Contains("spec.securityContext.sysctls[0].name", refused.Response.Content, StringComparison.Ordinal);
        Assert.Contains("spec.securityContext.sysctls[3].name", refused.Response.Content, StringComparison.Ordinal);
        await space.CreatePodAsync(PodYaml.Once("unsafe", "true", "", "securityContext: {sysctls: [{name: kernel.msgmax, value: '1000'}]}"));
        var pod = await space.EndedPodAsync("unsafe");
        Assert.Equal(("Failed", "SysctlForbidden"), (pod.Status.Phase, pod.Status.Reason));
        Assert.Equal("SysctlForbidden", (await space.EventAsync("unsafe", "SysctlForbidden")).Reason);
    }
}
