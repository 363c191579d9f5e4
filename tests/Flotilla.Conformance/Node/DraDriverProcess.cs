using System.Diagnostics;
using Flotilla.Conformance.Live;
using Flotilla.EndToEnd.Tools;
using k8s;

namespace Flotilla.Conformance.Node;

/// <summary>The test's own driver of dynamic resources beside the cluster, registered with its node, and the one device that it publishes.</summary>
internal sealed class DraDriverProcess : IAsyncDisposable
{
    private const string CdiDirectory = "/var/run/cdi";
    private readonly LiveCluster cluster;
    private readonly Process process;

    private DraDriverProcess(LiveCluster cluster, string name, Process process)
    {
        this.cluster = cluster;
        Name = name;
        this.process = process;
    }

    public string Name { get; }

    private string Directory => Path.Combine(cluster.DataDirectory, Name);

    /// <summary>A class of the driver's devices has the driver's name.</summary>
    public static async Task<DraDriverProcess> StartAsync(LiveCluster cluster, string name)
    {
        var program = Path.Combine(Repository.Root, "tests", "Flotilla.DraDriver", "bin", "Release", "net10.0", "Flotilla.DraDriver.dll");
        var registration = Path.Combine(cluster.DataDirectory, "node", "kubelet", "plugins_registry", $"{name}.sock");
        var process = CommandLine.Start("dotnet", ["exec", program, name, Path.Combine(cluster.DataDirectory, name), registration, CdiDirectory]);
        var driver = new DraDriverProcess(cluster, name, process);
        await driver.CallAsync("RegistrationStatus");
        await PublishAsync(cluster, name);
        return driver;
    }

    /// <summary>What a driver publishes, whether it runs or not.</summary>
    public static async Task PublishAsync(LiveCluster cluster, string name) => (await cluster.KubectlAsync(35, $$$"""
        apiVersion: resource.k8s.io/v1
        kind: DeviceClass
        metadata: {name: {{{name}}}}
        spec: {selectors: [{cel: {expression: "device.driver == '{{{name}}}'"}}]}
        ---
        apiVersion: resource.k8s.io/v1
        kind: ResourceSlice
        metadata: {name: {{{name}}}}
        spec: {driver: {{{name}}}, nodeName: {{{LiveCluster.NodeName}}}, pool: {name: pool, generation: 1, resourceSliceCount: 1}, devices: [{name: device-0}]}
        """, "apply", "-f", "-")).Success();

    /// <summary>From now on no claim is prepared, for this reason; null: all are again.</summary>
    public Task RefuseAsync(string? reason) => SayAsync("refuse", reason);

    /// <summary>From now on the device is told to be unhealthy, with these words; null: it is healthy again.</summary>
    public Task AilAsync(string? ailment) => SayAsync("ailment", ailment);

    public async Task<string> CallAsync(string method) =>
        await Eventually.GetAsync(async () => (await CallsAsync()).LastOrDefault(call => call.StartsWith(method + " ", StringComparison.Ordinal)) ?? "", call => call.Length > 0);

    public async Task<int> CountAsync(string method) => (await CallsAsync()).Count(call => call.StartsWith(method + " ", StringComparison.Ordinal));

    /// <summary>The files that describe its devices to container runtimes.</summary>
    public IEnumerable<string> Specs => System.IO.Directory.EnumerateFiles(CdiDirectory, $"{Name}-*");

    /// <summary>As a crash would end it: its sockets stay behind.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process.Dispose();
        await cluster.KubectlAsync("delete", "deviceclass,resourceslice", Name, "--ignore-not-found");
    }

    private async Task SayAsync(string about, string? words)
    {
        var file = Path.Combine(Directory, about);
        if (words is null)
        {
            File.Delete(file);
        }
        else
        {
            await File.WriteAllTextAsync(file, words);
        }
    }

    private async Task<string[]> CallsAsync() => File.Exists(Path.Combine(Directory, "calls")) ? await File.ReadAllLinesAsync(Path.Combine(Directory, "calls")) : [];
}
