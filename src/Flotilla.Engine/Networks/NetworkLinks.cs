using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Text;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Networks;

/// <summary>Bridges, namespaces and the links between them, made with <c>ip</c>. Making twice changes nothing.</summary>
internal sealed class NetworkLinks(EngineOptions options)
{
    /// <summary>Where <c>ip netns</c> keeps a container's.</summary>
    public string NamespacePath(string container) => PathOf(NamespaceOf(container));

    public async Task EnsureBridgeAsync(NetworkRecord network, CancellationToken cancellationToken)
    {
        if (!Names().Contains(network.Bridge))
        {
            var mac = AddressPool.MacOf(IPAddress.Parse(network.Gateway));
            await IpAsync([], $"link add {network.Bridge} address {mac} type bridge\nlink set {network.Bridge} up\naddr replace {network.Gateway}/{network.Range.PrefixLength} dev {network.Bridge}\n", cancellationToken);
        }

        await ThisMachine.Commands.DoAsync("sysctl", ["-qw", "net.ipv4.ip_forward=1", $"net.ipv4.conf.{network.Bridge}.route_localnet=1"], cancellationToken);
    }

    public Task RemoveBridgeAsync(NetworkRecord network, CancellationToken cancellationToken) =>
        ThisMachine.Commands.DoAsync("ip", ["link", "delete", network.Bridge], cancellationToken);

    public async Task MakeNamespaceAsync(string container, CancellationToken cancellationToken)
    {
        await RemoveNamespaceAsync(container, cancellationToken);
        await ThisMachine.Commands.DoAsync("ip", ["netns", "add", NamespaceOf(container)], cancellationToken);
        await IpAsync(["-n", NamespaceOf(container)], "link set lo up\n", cancellationToken);
    }

    public bool HasNamespace(string container) => File.Exists(NamespacePath(container));

    /// <summary>The links in it go with it.</summary>
    public Task RemoveNamespaceAsync(string container, CancellationToken cancellationToken) => RemoveAsync(NamespaceOf(container), cancellationToken);

    /// <param name="device">Its name in the container, like <c>eth0</c>.</param>
    public async Task ConnectAsync(string container, string device, NetworkRecord network, EndpointRecord endpoint, CancellationToken cancellationToken)
    {
        // Hairpin: a container reaches itself by the machine's address too.
        var inside = NamespaceOf(container);
        var temporary = endpoint.Link + "p";
        await IpAsync([], $"link add {endpoint.Link} type veth peer name {temporary} netns {inside} address {endpoint.Mac}\nlink set {endpoint.Link} master {network.Bridge} up\nlink set {endpoint.Link} type bridge_slave hairpin on\n", cancellationToken);
        await IpAsync(["-n", inside], $"link set {temporary} name {device}\naddr add {endpoint.Address}/{network.Range.PrefixLength} dev {device}\nlink set {device} up\n", cancellationToken);
    }

    /// <summary>Moves the link of a pod into a container's namespace, with its addresses and the ways that lead on from it.</summary>
    /// <param name="process">One that is in the pod's namespace.</param>
    /// <returns>Who leads on from there.</returns>
    public async Task<string> TakeAsync(string container, int process, string device, CancellationToken cancellationToken)
    {
        var pod = NamespaceOf(container) + "-pod";
        await RemoveAsync(pod, cancellationToken);
        await ThisMachine.Commands.DoAsync("ip", ["netns", "attach", pod, process.ToString(CultureInfo.InvariantCulture)], cancellationToken);
        try
        {
            var link = PodLink.Parse(
                await ThisMachine.Commands.DoAsync("ip", ["-n", pod, "-j", "addr", "show", "dev", PodLink.Device], cancellationToken),
                await ThisMachine.Commands.DoAsync("ip", ["-n", pod, "-j", "-4", "route", "show", "default"], cancellationToken),
                await ThisMachine.Commands.DoAsync("ip", ["-n", pod, "-j", "-6", "route", "show", "default"], cancellationToken));
            await ThisMachine.Commands.DoAsync("ip", ["-n", pod, "link", "set", PodLink.Device, "netns", NamespaceOf(container), "name", device], cancellationToken);
            await IpAsync(["-n", NamespaceOf(container)], link.Script(device, options.ClusterRanges), cancellationToken);
            return link.Gateway;
        }
        finally
        {
            await RemoveAsync(pod, CancellationToken.None);
        }
    }

    /// <summary>The names of a container's links, but for the loopback.</summary>
    public async Task<IReadOnlyList<string>> DevicesAsync(string container, CancellationToken cancellationToken) =>
        PodLink.Names(await ThisMachine.Commands.DoAsync("ip", ["-n", NamespaceOf(container), "-j", "link", "show"], cancellationToken));

    /// <summary>Deletes a link by its name in the container; the other end goes with it.</summary>
    public Task DeleteDeviceAsync(string container, string device, CancellationToken cancellationToken) =>
        ThisMachine.Commands.DoAsync("ip", ["-n", NamespaceOf(container), "link", "delete", device], cancellationToken);

    /// <summary>Where all that is in none of its networks goes.</summary>
    /// <param name="gateway">Empty: nowhere.</param>
    public Task LeadOutAsync(string container, string gateway, string device, CancellationToken cancellationToken) => gateway.Length > 0
        ? ThisMachine.Commands.DoAsync("ip", ["-n", NamespaceOf(container), "-4", "route", "replace", "default", "via", gateway, "dev", device], cancellationToken)
        : ThisMachine.Commands.RunAsync("ip", ["-n", NamespaceOf(container), "-4", "route", "delete", "default"], cancellationToken);

    /// <summary>Lets nothing pass from one network of a container to another.</summary>
    public Task StopForwardingAsync(string container, CancellationToken cancellationToken) =>
        ThisMachine.Commands.DoAsync("ip", ["netns", "exec", NamespaceOf(container), "sysctl", "-eqw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0"], cancellationToken);

    /// <summary>Ends what goes on between two addresses, by whichever name of a service it began.</summary>
    public static async Task EndFlowsAsync(IPAddress one, IPAddress other, CancellationToken cancellationToken)
    {
        // Exit code 1 means that there was none.
        await ThisMachine.Commands.RunAsync("conntrack", ["-D", "-s", one.ToString(), "-r", other.ToString()], cancellationToken);
        await ThisMachine.Commands.RunAsync("conntrack", ["-D", "-s", other.ToString(), "-r", one.ToString()], cancellationToken);
    }

    public async Task DisconnectAsync(EndpointRecord endpoint, CancellationToken cancellationToken)
    {
        if (Names().Contains(endpoint.Link))
        {
            await ThisMachine.Commands.DoAsync("ip", ["link", "delete", endpoint.Link], cancellationToken);
        }
    }

    public Task ApplyAsync(string script, CancellationToken cancellationToken) => ThisMachine.Commands.DoAsync("nft", ["-f", "-"], cancellationToken, script);

    /// <summary>All links of the machine.</summary>
    public static IEnumerable<string> Names() => NetworkInterface.GetAllNetworkInterfaces().Select(link => link.Name);

    /// <summary>Subnets that the machine has a way to already.</summary>
    public static async Task<IReadOnlyCollection<IPNetwork>> InUseAsync(CancellationToken cancellationToken)
    {
        var routes = await ThisMachine.Commands.DoAsync("ip", ["-4", "route", "show", "table", "main"], cancellationToken);
        return [.. routes.Split('\n').Select(line => line.Split(' ')[0]).Where(word => word.Length > 0 && word != "default")
            .Select(word => IPNetwork.TryParse(word.Contains('/', StringComparison.Ordinal) ? word : word + "/32", out var network) ? network : (IPNetwork?)null).OfType<IPNetwork>()];
    }

    private static async Task IpAsync(string[] options, string script, CancellationToken cancellationToken) =>
        await ThisMachine.Commands.DoAsync("ip", [.. options, "-batch", "-"], cancellationToken, script);

    private static async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        if (File.Exists(PathOf(name)))
        {
            await ThisMachine.Commands.DoAsync("ip", ["netns", "delete", name], cancellationToken);
        }
    }

    private static string PathOf(string name) => $"/run/netns/{name}";

    private string NamespaceOf(string container) => options.LinkPrefix + container[..12];
}
