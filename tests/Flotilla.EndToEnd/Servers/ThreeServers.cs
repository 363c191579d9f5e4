using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Bench;
using Flotilla.EndToEnd.Tools;
using k8s;

namespace Flotilla.EndToEnd.Servers;

/// <summary>
/// A cluster of three servers with an etcd each and one worker, all on this machine in networks of their own, beside the
/// shared one. Servers are killed and started again one at a time.
/// </summary>
public sealed class ThreeServers : IAsyncLifetime
{
    public const string First = "failover";
    public const string Worker = "failover-4";

    private readonly string flotilla = Environment.GetEnvironmentVariable("FLOTILLA") ?? Path.Combine(Repository.Root, "flotilla");
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-failover-");
    private string kubectl = "";

    public static IReadOnlyList<string> Names { get; } = [First, "failover-2", "failover-3"];

    public string DataDirectory => Path.Combine(directory.FullName, "data");

    public string Kubeconfig => Path.Combine(directory.FullName, "kubeconfig");

    /// <summary>Where each server answers.</summary>
    public IReadOnlyDictionary<string, Uri> Addresses { get; private set; } = new Dictionary<string, Uri>();

    private Dictionary<string, string> Environs => new() { ["KUBECONFIG"] = Kubeconfig, ["HOME"] = directory.FullName };

    public async ValueTask InitializeAsync()
    {
        kubectl = await KubectlTool.GetAsync(35);
        (await UpAsync()).Success();
        Addresses = Names.ToDictionary(name => name, name => new Uri($"https://{(string)SettingsOf(name)["localAddress"]!}:{(int)SettingsOf(name)["apiPort"]!}"), StringComparer.Ordinal);
        var image = Path.Combine(directory.FullName, "image.tar");
        (await CommandLine.RunAsync(Path.Combine(Repository.Root, "examples", "my-app", "build-image.sh"), [image, Cluster.Image])).Success();
        (await FlotillaAsync("image", "load", image)).Success();
    }

    public async ValueTask DisposeAsync()
    {
        (await FlotillaAsync("down", "--purge", "--grace-period", "0")).Success();
        directory.Delete(recursive: true);
    }

    internal Task<CommandOutput> UpAsync() => FlotillaAsync("up", "--name", First, "--servers", "3", "--nodes", "4", "--api-port", "8443");

    internal Task<CommandOutput> FlotillaAsync(params string[] arguments) =>
        CommandLine.RunAsync(flotilla, [.. arguments, "--data-dir", DataDirectory], environment: Environs, limit: TimeSpan.FromMinutes(5));

    /// <summary>kubectl, asking the server of this name; null: whichever the kubeconfig leads to.</summary>
    internal Task<CommandOutput> KubectlAsync(string? server, string? input, params string[] arguments) =>
        CommandLine.RunAsync(kubectl, server is null ? arguments : ["--server", Addresses[server].GetLeftPart(UriPartial.Authority), .. arguments], input, Environs);

    /// <summary>To one server and no other.</summary>
    internal HttpClient Http(string server)
    {
        var config = KubernetesClientConfiguration.BuildConfigFromConfigFile(Kubeconfig);
        return new HttpClient(new SocketsHttpHandler { SslOptions = ClusterTrust.Options(config), UseProxy = false }) { BaseAddress = Addresses[server], Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>To Flotilla's process of a node, or to its etcd.</summary>
    internal async Task SignalAsync(string node, string signal, string process = "flotilla") =>
        (await CommandLine.RunAsync("kill", [$"-{signal}", (await File.ReadAllTextAsync(Path.Combine(DirectoryOf(node), $"{process}.pid"))).Trim()])).Success();

    /// <summary>SIGKILL to a server, and to its etcd too, as if its machine had died.</summary>
    internal async Task KillAsync(string server)
    {
        foreach (var file in new[] { "flotilla.pid", "etcd.pid" })
        {
            var pid = (await File.ReadAllTextAsync(Path.Combine(DirectoryOf(server), file))).Trim();
            (await CommandLine.RunAsync("kill", ["-9", pid])).Success();
        }
    }

    /// <summary>Returns when its node is Ready.</summary>
    internal async Task RestartAsync(string server) => (server == First ? await UpAsync() : await FlotillaAsync("node", "start", server)).Success();

    private string DirectoryOf(string server) => server == First ? DataDirectory : Path.Combine(DataDirectory, "nodes", server);

    private JsonNode SettingsOf(string server) => JsonNode.Parse(File.ReadAllText(Path.Combine(DirectoryOf(server), "cluster.json")))!;
}
