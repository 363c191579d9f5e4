using System.Text.Json.Nodes;
using Flotilla.Linux.Commands;
using Flotilla.Network.Cni;
using Flotilla.Network.Tests.DataPlane;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.Cni;

/// <summary>The machine's own CNI plugins with our configuration, in a network namespace. Needs root.</summary>
public sealed class CniConfigurationTests
{
    private const string PluginDirectory = "/usr/lib/cni";

    [Fact]
    public async Task The_bridge_plugin_connects_a_pod_to_the_bridge_made_before_and_cleanup_leaves_nothing()
    {
        var state = Directory.CreateTempSubdirectory("fltnet-");
        var options = new NetworkOptions
        {
            NodeName = Given.Node,
            TableName = "fltnet",
            BridgeName = "fltnet1",
            Families = Machine.Options.Families,
            CniConfigDirectory = Path.Combine(state.FullName, "net.d"),
            CniStateDirectory = Path.Combine(state.FullName, "networks"),
        };
        await using var node = await NetNamespace.CreateAsync($"fltnet-{Environment.ProcessId}-cni-node");
        await using var pod = await NetNamespace.CreateAsync($"fltnet-{Environment.ProcessId}-cni-pod");
        await new PodBridge(options, node.Commands, NullLogger.Instance).EnsureAsync(default);
        await CniConfiguration.WriteAsync(options, default);

        var list = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(options.CniConfigDirectory, CniConfiguration.FileName)))!;
        var plugin = list["plugins"]![0]!.DeepClone().AsObject();
        plugin["cniVersion"] = list["cniVersion"]!.DeepClone();
        plugin["name"] = list["name"]!.DeepClone();
        var run = new HostCommands(
            "nsenter", $"--net=/run/netns/{node.Name}", "env", "CNI_COMMAND=ADD", "CNI_CONTAINERID=c1", "CNI_IFNAME=eth0",
            $"CNI_NETNS=/run/netns/{pod.Name}", $"CNI_PATH={PluginDirectory}");
        var result = await run.RunAsync($"{PluginDirectory}/bridge", [], plugin.ToJsonString(), default);

        Assert.True(result.Succeeded, result.Output + result.Error);
        Assert.Equal(["10.244.0.2/24", "fd00:10:244::2/64"], JsonNode.Parse(result.Output)!["ips"]!.AsArray().Select(ip => (string)ip!["address"]!));
        Assert.Contains("default via fd00:10:244::1", await pod.Commands.DoAsync("ip", ["-6", "route"], default), StringComparison.Ordinal);
        Assert.DoesNotContain("tentative", await pod.Commands.DoAsync("ip", ["-6", "addr", "show", "scope", "global"], default), StringComparison.Ordinal);

        Assert.Empty(await NetworkCleanup.RemoveAsync(options, node.Commands, default));
        Assert.Empty(await NetworkCleanup.RemoveAsync(options, node.Commands, default));
        Assert.False((await node.Commands.RunAsync("ip", ["link", "show", options.BridgeName], default)).Succeeded);
        Assert.Empty(Directory.GetFiles(options.CniConfigDirectory));
        state.Delete(recursive: true);
    }
}
