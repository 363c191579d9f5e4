using System.Diagnostics;
using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Nodes;

/// <summary>A network namespace on the nodes' bridge in which nobody has joined anything yet.</summary>
internal sealed class OtherMachine : IAsyncDisposable
{
    private const string Namespace = "flotilla-e2e";
    private const string Link = "flotilla-e2e0";
    private static readonly string Program = Path.Combine(Repository.Root, ".build", "flotilla", "flotilla");
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-other-");
    private readonly string network;

    private OtherMachine(string server, string network) => (Server, this.network) = (server, network);

    public string Server { get; }

    public string DataDirectory => directory.FullName;

    public static Task<OtherMachine> CreateAsync(SecondNode node) => BesideAsync(node.DataDirectory);

    /// <param name="node">The data of a node of the cluster that it is beside, or of its server.</param>
    public static async Task<OtherMachine> BesideAsync(string node)
    {
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(node, "cluster.json")))!;
        var address = (string)settings["localAddress"]!;
        var network = address[..(address.LastIndexOf('.') + 1)];
        var server = (string?)settings["agent"]?["server"] ?? $"https://{address}:{settings["apiPort"]}";
        var link = (await CommandLine.RunAsync("ip", ["-o", "-4", "addr", "show", "to", $"{network}1/32"])).Success();
        var bridge = link.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        await IpAsync("netns", "add", Namespace);
        await IpAsync("link", "add", Link, "type", "veth", "peer", "name", "eth0", "netns", Namespace);
        await IpAsync("link", "set", Link, "master", bridge, "up");
        await IpAsync("-n", Namespace, "link", "set", "lo", "up");
        await IpAsync("-n", Namespace, "addr", "add", $"{network}253/24", "dev", "eth0");
        await IpAsync("-n", Namespace, "link", "set", "eth0", "up");
        await IpAsync("-n", Namespace, "route", "add", "default", "via", $"{network}1");
        return new OtherMachine(server.TrimEnd('/'), network);
    }

    /// <summary>When the bridge is gone: the machine keeps its address, on a link of its own.</summary>
    public async Task StandAloneAsync()
    {
        await IpAsync("link", "set", Link, "nomaster", "up");
        await IpAsync("addr", "add", $"{network}1/32", "dev", Link);
        await IpAsync("route", "add", $"{network}253/32", "dev", Link);
    }

    /// <summary>What the agent says before it gives up.</summary>
    public async Task<string> RefusedAsync(string? token, string? server = null, string nodeName = "other")
    {
        string[] credentials = token is null ? [] : ["--token", token];
        var said = await CommandLine.RunAsync("nsenter", [.. Arguments(nodeName, server ?? Server), .. credentials], limit: TimeSpan.FromSeconds(60));
        return said.Failure().Split('\n')[^1];
    }

    public Process Start(string token, string nodeName) => CommandLine.Start("nsenter", [.. Arguments(nodeName, Server), "--token", token]);

    /// <summary>One that has joined goes on.</summary>
    /// <param name="server">Where the cluster is now; null: where it was.</param>
    public Process Restart(string? server) =>
        CommandLine.Start("nsenter", [$"--net=/run/netns/{Namespace}", Program, "agent", "--data-dir", directory.FullName, .. server is null ? (string[])[] : ["--server", server]]);

    public async Task LoadImageAsync(string file) => (await CommandLine.RunAsync(Program, ["image", "load", file, "--data-dir", directory.FullName])).Success();

    public async Task StopAsync(Process agent)
    {
        (await CommandLine.RunAsync("kill", [agent.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Success();
        await agent.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        (await CommandLine.RunAsync("nsenter", [$"--net=/run/netns/{Namespace}", Program, "down", "--purge", "--grace-period", "0", "--data-dir", directory.FullName])).Success();
        await IpAsync("link", "delete", Link);
        await IpAsync("netns", "delete", Namespace);
        if (directory.Exists)
        {
            Directory.CreateDirectory(directory.FullName).Delete(recursive: true);
        }
    }

    private string[] Arguments(string nodeName, string server) =>
        [$"--net=/run/netns/{Namespace}", Program, "agent", "--data-dir", directory.FullName, "--node-name", nodeName, "--server", server];

    private static async Task IpAsync(params string[] arguments) => (await CommandLine.RunAsync("ip", arguments)).Success();
}
