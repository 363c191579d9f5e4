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
    public string NamespacePath(string container) => $"/run/netns/{NamespaceOf(container)}";

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

    /// <summary>The network of a process, as the container's own.</summary>
    public async Task AdoptNamespaceAsync(string container, int process, CancellationToken cancellationToken)
    {
        await RemoveNamespaceAsync(container, cancellationToken);
        await ThisMachine.Commands.DoAsync("ip", ["netns", "attach", NamespaceOf(container), process.ToString(System.Globalization.CultureInfo.InvariantCulture)], cancellationToken);
    }

    public bool HasNamespace(string container) => File.Exists(NamespacePath(container));

    /// <summary>The links in it go with it.</summary>
    public async Task RemoveNamespaceAsync(string container, CancellationToken cancellationToken)
    {
        if (HasNamespace(container))
        {
            await ThisMachine.Commands.DoAsync("ip", ["netns", "delete", NamespaceOf(container)], cancellationToken);
        }
    }

    /// <param name="device">Its name in the container, like <c>eth0</c>.</param>
    public async Task ConnectAsync(string container, string device, NetworkRecord network, EndpointRecord endpoint, bool isDefaultRoute, CancellationToken cancellationToken)
    {
        // Hairpin: a container reaches itself by the machine's address too.
        var inside = NamespaceOf(container);
        var temporary = endpoint.Link + "p";
        await IpAsync([], $"link add {endpoint.Link} type veth peer name {temporary} netns {inside} address {endpoint.Mac}\nlink set {endpoint.Link} master {network.Bridge} up\nlink set {endpoint.Link} type bridge_slave hairpin on\n", cancellationToken);
        var script = new StringBuilder($"link set {temporary} name {device}\naddr add {endpoint.Address}/{network.Range.PrefixLength} dev {device}\nlink set {device} up\n");
        if (isDefaultRoute && !network.IsInternal)
        {
            script.Append($"route replace default via {network.Gateway} dev {device}\n");
        }

        await IpAsync(["-n", inside], script.ToString(), cancellationToken);
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

    private string NamespaceOf(string container) => options.LinkPrefix + container[..12];
}
