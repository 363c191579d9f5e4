using Flotilla.Conformance.Apps;
using Flotilla.Conformance.Live;
using k8s;

namespace Flotilla.Conformance.Network;

/// <summary>Names, as pods look them up.</summary>
public sealed class DnsTests(LiveCluster cluster)
{
    [Fact]
    public async Task The_api_server_has_its_names()
    {
        await using var space = await SpaceAsync();
        var address = (await cluster.Client.CoreV1.ReadNamespacedServiceAsync("kubernetes", "default")).Spec.ClusterIP;
        foreach (var name in new[] { "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local" })
        {
            Assert.StartsWith(address, await AddressAsync(space, name), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_pods_own_name_is_in_its_hosts_file()
    {
        await using var space = await SpaceAsync();
        await space.ServiceAsync("domain", "{clusterIP: None, selector: {app: named}, ports: [{port: 80}]}");
        var pod = await space.ClientAsync("named", "hostname: host-1", "subdomain: domain");
        foreach (var name in new[] { "host-1", $"host-1.domain.{space.Name}.svc.cluster.local" })
        {
            Assert.StartsWith(pod.Status.PodIP, await space.ShellAsync("named", $"getent hosts {name}"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Services_have_addresses_by_all_their_names_and_ports()
    {
        await using var space = await SpaceAsync();
        var pod = await space.ServeAsync("web");
        var service = await space.ServiceAsync("normal", "{selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}");
        await space.ServiceAsync("headless", "{clusterIP: None, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}");
        foreach (var (name, address) in new[] { ("normal", service.Spec.ClusterIP), ("headless", pod.Status.PodIP) })
        {
            foreach (var tail in new[] { "", $".{space.Name}", $".{space.Name}.svc", $".{space.Name}.svc.cluster.local" })
            {
                await space.UntilAsync(() => AddressAsync(space, name + tail), found => found.StartsWith(address, StringComparison.Ordinal));
            }

            // Partly qualified names are completed by the search list; what the image has for other records than addresses does not do it itself.
            foreach (var tail in new[] { $".{space.Name}.svc", "" })
            {
                var answer = await space.ShellAsync(
                    "client", $"for domain in $(sed -n 's/^search //p' /etc/resolv.conf); do nslookup -type=srv _http._tcp.{name}{tail}.$domain. && exit; done; exit 1");
                Assert.Contains($"{name}.{space.Name}.svc.cluster.local", answer, StringComparison.Ordinal);
            }

            var reverse = string.Join('.', address.Split('.').Reverse());
            Assert.Contains($"{name}.{space.Name}.svc.cluster.local", await space.ShellAsync("client", $"nslookup -type=ptr {reverse}.in-addr.arpa"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("hostname: querier-2", "subdomain: domain", "querier-2.domain")]
    [InlineData("subdomain: domain", "hostname: querier-3", "domain")]
    public async Task Pods_are_found_by_hostname_and_subdomain(string first, string second, string name)
    {
        await using var space = await SpaceAsync();
        await space.ServiceAsync("domain", "{clusterIP: None, selector: {app: querier}, ports: [{port: 80}]}");
        var pod = await space.ClientAsync("querier", first, second);
        await space.UntilAsync(
            () => AddressAsync(space, $"{name}.{space.Name}.svc.cluster.local"), found => found.StartsWith(pod.Status.PodIP, StringComparison.Ordinal));
        Assert.StartsWith(pod.Status.PodIP, await AddressAsync(space, name), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_external_name_is_an_alias_that_can_change_and_become_an_address()
    {
        await using var space = await SpaceAsync();
        await space.ServiceAsync("outside", "{type: ExternalName, externalName: kubernetes.default.svc.cluster.local}");
        await AliasAsync("kubernetes.default.svc.cluster.local");
        await PatchAsync(space, """{"spec":{"externalName":"foo.example.com"}}""");
        await AliasAsync("foo.example.com");
        await PatchAsync(space, """{"spec":{"type":"ClusterIP","externalName":null,"ports":[{"port":80,"protocol":"TCP"}]}}""");
        var address = (await space.ServiceAsync("outside")).Spec.ClusterIP;
        await space.UntilAsync(() => AddressAsync(space, "outside"), found => found.StartsWith(address, StringComparison.Ordinal));

        Task<string> AliasAsync(string target) => space.UntilAsync(
            () => space.ShellAsync("client", $"nslookup -type=cname outside.{space.Name}.svc.cluster.local"),
            answer => answer.Contains($"canonical name = {target}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pod_can_bring_name_servers_and_search_list_of_its_own()
    {
        await using var space = await Space.CreateAsync(cluster);
        await NetSpace.PrepareAsync(cluster);
        await space.ClientAsync("own", "dnsPolicy: None", "dnsConfig: {nameservers: [1.1.1.1], searches: [resolv.conf.local], options: [{name: ndots, value: \"2\"}]}");
        var file = await space.ShellAsync("own", "cat /etc/resolv.conf");
        Assert.Equal(
            ["nameserver 1.1.1.1", "options ndots:2", "search resolv.conf.local"],
            file.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal));
    }

    private async Task<Space> SpaceAsync()
    {
        await NetSpace.PrepareAsync(cluster);
        var space = await Space.CreateAsync(cluster);
        await space.ClientAsync();
        return space;
    }

    private static Task<string> AddressAsync(Space space, string name) => space.ShellAsync("client", $"getent ahostsv4 {name} || echo none");

    private static Task PatchAsync(Space space, string patch) =>
        space.Client.CoreV1.PatchNamespacedServiceAsync(WorkloadSpace.Merge(patch), "outside", space.Name);
}
