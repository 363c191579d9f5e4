using System.CommandLine;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Engine;
using Flotilla.Joining;
using Flotilla.Kubeconfigs;
using Flotilla.Linux.Commands;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Network;
using Flotilla.Node;
using Flotilla.Server.Identity;

namespace Flotilla.Commands;

/// <summary>Leaves no process, mount, link or rule behind. The data stays for the next <c>up</c>, unless it is to be purged.</summary>
internal static class DownCommand
{
    private const int LongestGraceSeconds = 30;

    public static Command Create()
    {
        var purge = new Option<bool>("--purge") { Description = "Also delete the cluster's data and images." };
        var grace = new Option<int>("--grace-period") { Description = "The most seconds that pods are given to end by themselves.", DefaultValueFactory = _ => LongestGraceSeconds };
        var command = new Command("down", "Stop the cluster of this machine and everything it runs.") { purge, grace };
        command.Aliases.Add("stop");
        var flags = ClusterFlags.Find(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(flags.Read(parsed), parsed.GetValue(purge), TimeSpan.FromSeconds(Math.Max(0, parsed.GetValue(grace))), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ClusterSettings settings, bool purge, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (!settings.Exists)
        {
            Console.WriteLine($"There is no cluster in {settings.DataDirectory}.");
            return 0;
        }

        Preflight.CheckPrivilege("flotilla down");
        new PausedCluster(settings).Resume();
        var nodes = new LocalNodes(settings);

        // While the server runs: its keys may be sealed when it has ended.
        using var voice = VoiceTo(settings, nodes);

        // At once: what the last of several servers would write, nobody would take.
        await Task.WhenAll([.. nodes.All.Select(node => nodes.StopAsync(node, grace, cancellationToken)), new ServerProcess(settings).StopAsync(cancellationToken)]);
        await ManagedEtcd.EndAsync(settings, cancellationToken);
        await (voice is null ? Task.CompletedTask : new NodeFarewell(voice, TimeProvider.System).SayAsync(settings.NodeName, cancellationToken));
        await EngineCleanup.RunAsync(EngineServer.OptionsFor(settings), grace, cancellationToken);
        await NodeCleanup.RunAsync(NodeComposition.NodeOptionsFor(settings), cancellationToken, grace, step => Console.WriteLine($"  {step}"));
        EngineCleanup.UnmountVolumes(EngineServer.OptionsFor(settings));
        IReadOnlyList<string> left = [];
        var netns = new NodeNetns(settings, settings);
        if (settings.LocalAddress is not null || await MachineClaim.OtherAsync(settings, cancellationToken) is null)
        {
            left = await NetworkCleanup.RemoveAsync(NodeComposition.NetworkOptionsFor(settings), new HostCommands(settings.LocalAddress is null ? [] : netns.Prefix), cancellationToken);
            RemoveContext(settings);
            MachineClaim.Release(settings);
        }

        if (settings.LocalAddress is not null)
        {
            await netns.RemoveAsync(cancellationToken);
        }

        if (settings is { ApiAddress: { } address, NodeBridge: { } bridge })
        {
            await new ApiAddress(address, bridge).RemoveAsync(cancellationToken);
        }

        if (settings.NodeSubnet is not null)
        {
            await netns.RemoveBridgeAsync(cancellationToken);
        }

        DataRemoval.Delete(settings.RunDirectory);
        if (purge)
        {
            DataRemoval.Delete(settings.DataDirectory);
        }

        foreach (var rest in left)
        {
            await Console.Error.WriteLineAsync($"flotilla: {rest}");
        }

        Console.WriteLine(purge ? "Flotilla is down and its data is gone." : $"Flotilla is down; its data stays in {settings.DataDirectory} ('down --purge' deletes it).");
        return left.Count == 0 ? 0 : 1;
    }

    /// <summary>By which the cluster is told, if it goes on elsewhere; null: there is nobody to tell, or no way.</summary>
    private static HttpObjectClient? VoiceTo(ClusterSettings settings, LocalNodes nodes)
    {
        if (settings.Agent is { } agent)
        {
            return Agent.NodeClient(settings, agent);
        }

        if (!ControlPlane.ServersOf(settings).All.Select(server => server.Host).Except([settings.LocalAddress ?? "127.0.0.1", ControlPlane.OwnAddress(settings).ToString(), .. nodes.All.Select(node => node.LocalAddress!)]).Any())
        {
            return null;
        }

        try
        {
            return ControlPlane.AdminClient(settings);
        }
        catch (SealedException)
        {
            Console.Error.WriteLine("flotilla: the keys of this server are sealed, so the other servers are not told that it ends");
            return null;
        }
    }

    private static void RemoveContext(ClusterSettings settings)
    {
        var path = settings.Kubeconfig ?? KubeconfigFile.DefaultPath;
        if (!File.Exists(path))
        {
            return;
        }

        var file = KubeconfigFile.Open(path);
        if (file.Remove(settings.ContextName))
        {
            file.Save();
        }
    }
}
