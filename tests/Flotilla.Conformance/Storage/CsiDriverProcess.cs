using System.Diagnostics;
using Flotilla.Conformance.Live;
using Flotilla.EndToEnd.Tools;
using k8s;

namespace Flotilla.Conformance.Storage;

/// <summary>The test's own storage driver, running beside the cluster and registered with its node.</summary>
internal sealed class CsiDriverProcess : IAsyncDisposable
{
    private readonly LiveCluster cluster;
    private readonly Process process;

    private CsiDriverProcess(LiveCluster cluster, string name, Process process)
    {
        this.cluster = cluster;
        Name = name;
        this.process = process;
    }

    public string Name { get; }

    private string Directory => Path.Combine(cluster.DataDirectory, Name);

    /// <param name="spec">Of the CSIDriver object, in flow style.</param>
    public static async Task<CsiDriverProcess> StartAsync(LiveCluster cluster, string name, string spec)
    {
        var yaml = $"apiVersion: storage.k8s.io/v1\nkind: CSIDriver\nmetadata: {{name: {name}, annotations: {{flotilla.dev/built-in-sidecars: \"true\"}}}}\nspec: {spec}\n";
        (await cluster.KubectlAsync(35, yaml, "apply", "-f", "-")).Success();
        var program = Path.Combine(Repository.Root, "tests", "Flotilla.CsiDriver", "bin", "Release", "net10.0", "Flotilla.CsiDriver.dll");
        var data = Path.Combine(cluster.DataDirectory, name);
        var registration = Path.Combine(cluster.DataDirectory, "node", "kubelet", "plugins_registry", $"{name}.sock");
        var process = CommandLine.Start("dotnet", ["exec", program, name, data, Path.Combine(data, "csi.sock"), registration]);
        var driver = new CsiDriverProcess(cluster, name, process);
        await Eventually.GetAsync(
            async () => (await cluster.Client.StorageV1.ListCSINodeAsync()).Items.SelectMany(node => node.Spec.Drivers ?? []).Select(found => found.Name).ToList(),
            found => found.Contains(name));
        return driver;
    }

    /// <summary>The calls so far, as "Method {json}".</summary>
    public async Task<string[]> CallsAsync() => await File.ReadAllLinesAsync(Path.Combine(Directory, "calls"));

    public async Task<string> CallAsync(string method) =>
        await Eventually.GetAsync(async () => (await CallsAsync()).LastOrDefault(call => call.StartsWith(method + " ", StringComparison.Ordinal)) ?? "", call => call.Length > 0);

    public string[] Volumes => [.. System.IO.Directory.EnumerateDirectories(Path.Combine(Directory, "volumes")).Select(path => Path.GetFileName(path))];

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        await cluster.KubectlAsync("delete", "csidriver", Name);
    }
}
