using System.Diagnostics;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Engine;
using Flotilla.Joining;
using Flotilla.Linux.Commands;
using Flotilla.Network;
using Flotilla.Node;
using Flotilla.Upgrades;

namespace Flotilla.Local.Nodes;

/// <summary>The further nodes of a cluster on one machine: each an agent in a network namespace, with a container runtime and data of its own.</summary>
internal sealed class LocalNodes(ClusterSettings cluster)
{
    private const int MostNodes = 250;
    private const int FirstNumber = 3;
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private string Directory => Path.Combine(cluster.DataDirectory, "nodes");

    public IReadOnlyList<string> Names => System.IO.Directory.Exists(Directory)
        ? [.. System.IO.Directory.EnumerateDirectories(Directory).Where(ClusterSettings.IsIn).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
        : [];

    public IEnumerable<ClusterSettings> All => Names.Select(SettingsOf);

    /// <summary>The names of so many nodes, those there are first. The cluster's own machine is one of them.</summary>
    public IReadOnlyList<string> NamesFor(int count)
    {
        var names = Names.ToList();
        for (var number = 2; names.Count < count - 1; number++)
        {
            var name = $"{cluster.Name ?? "node"}-{number}";
            if (!names.Contains(name) && name != cluster.NodeName)
            {
                names.Add(name);
            }
        }

        return names;
    }

    /// <summary>The bridge of the nodes, where there are any; the settings tell its network.</summary>
    public async Task<ClusterSettings> EnsureNetworkAsync(bool wanted, CancellationToken cancellationToken)
    {
        var settings = cluster;
        if (!wanted)
        {
            return settings;
        }

        if (settings.NodeSubnet is null)
        {
            settings = settings with { NodeSubnet = await NodeNetns.FreeSubnetAsync(cancellationToken) };
            settings.Save();
        }

        await new NodeNetns(settings, settings).EnsureBridgeAsync(cancellationToken);
        return settings;
    }

    /// <summary>Before the first server's start: the address that leads to any of them, where there are to be several.</summary>
    public static async Task<ClusterSettings> PrepareServersAsync(ClusterSettings settings, int servers, CancellationToken cancellationToken)
    {
        if (servers > 1 && settings.ApiAddress is null)
        {
            var store = settings.Datastore.IsEtcd ? settings.Datastore : settings.Datastore with { Etcd = new ManagedEtcdSettings() };
            settings = settings with { ApiAddress = Nodes.ApiAddress.In(settings.NodeSubnet!), NodeBridge = new NodeNetns(settings, settings).Bridge, Datastore = store };
        }

        if (settings is { ApiAddress: { } address, NodeBridge: { } bridge })
        {
            await new ApiAddress(address, bridge).EnsureMachineAsync(cancellationToken);
        }

        return settings;
    }

    public bool Exists(string name) => Names.Contains(name);

    public bool Runs(string name) => new ServerProcess(SettingsOf(name)).Find() is not null;

    /// <exception cref="UserError">There is none of this name.</exception>
    public ClusterSettings Find(string name) => Exists(name)
        ? SettingsOf(name)
        : throw new UserError($"There is no node {name} on this machine; there are: {(Names.Count == 0 ? "none" : string.Join(", ", Names))}.");

    public NodeNetns NetnsOf(ClusterSettings node) => new(cluster, node);

    /// <summary>What a node is before its first start; its address is its own from here on.</summary>
    public ClusterSettings Prepare(string name, bool asServer = false)
    {
        if (Exists(name))
        {
            return SettingsOf(name);
        }

        var taken = All.Select(node => node.LocalAddress).ToHashSet(StringComparer.Ordinal);
        var address = Enumerable.Range(FirstNumber, MostNodes).Select(number => NodeNetns.AddressIn(cluster.NodeSubnet!, number)).FirstOrDefault(candidate => !taken.Contains(candidate))
            ?? throw new UserError($"A machine can have {MostNodes} nodes.");
        var node = SettingsOf(name) with { NodeName = name, LocalAddress = address };
        node = asServer ? AsServer(node) : AsWorker(node);
        node.Validate();
        node.Save();
        return node;
    }

    public ClusterSettings AsWorker(ClusterSettings node) => node with { Agent = new AgentSettings { Server = ServerFor() }, Join = null };

    /// <summary>One that is to join the cluster's servers.</summary>
    public ClusterSettings AsServer(ClusterSettings node) => node with
    {
        Agent = null,
        Join = new JoinSettings { Server = ServerFor() },
        ApiPort = cluster.ApiPort,
        Ingress = cluster.Ingress with { AccessLog = null },
        ApiAddress = cluster.ApiAddress,
        NodeBridge = cluster.NodeBridge,
    };

    /// <summary>Those of this machine's further nodes that are servers of the cluster.</summary>
    public IEnumerable<ClusterSettings> Servers => All.Where(node => node.Agent is null);

    /// <summary>Returns when the node is Ready, or its server is locked.</summary>
    /// <returns>Whether it is Ready.</returns>
    /// <param name="token">Of its kind; null: it has joined before.</param>
    public async Task<bool> StartAsync(ClusterSettings node, string? token, CancellationToken cancellationToken)
    {
        var process = new ServerProcess(node);
        var progress = new StartupProgress(node.ProgressFile);
        if (process.Find() is null)
        {
            var netns = NetnsOf(node);
            await netns.EnsureAsync(cancellationToken);
            progress.Clear();
            var environment = new Dictionary<string, string>(StringComparer.Ordinal);
            if (token is not null)
            {
                environment[AgentSettings.TokenVariable] = token;
            }

            var program = new ProgramFolder(cluster.DataDirectory).Keep(FlotillaProgram.Own);
            await process.StartAsync(netns.Prefix, environment, cancellationToken, program);
        }

        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var steps = progress.Read();
            if (steps.Contains(StartupProgress.Ready, StringComparer.Ordinal))
            {
                return true;
            }

            if (steps is [.., StartupProgress.Locked])
            {
                return false;
            }

            if (steps.Select(StartupProgress.FailureOf).OfType<string>().FirstOrDefault() is { } failure)
            {
                throw new UserError($"Node {node.NodeName}: {failure}");
            }

            if (Stopwatch.GetElapsedTime(start) > ReadyTimeout)
            {
                throw new UserError($"Node {node.NodeName} is not Ready after {ReadyTimeout.TotalSeconds:0} s; the reason may be in {node.LogFile}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    /// <summary>The same as <see cref="StopAsync"/>, of a node whose cluster goes on and is told.</summary>
    public async Task SwitchOffAsync(ClusterSettings node, IObjectClient cluster, TimeSpan grace, CancellationToken cancellationToken)
    {
        await new ServerProcess(node).StopAsync(cancellationToken);
        await new NodeFarewell(cluster, TimeProvider.System).SayAsync(node.NodeName, cancellationToken);
        await StopAsync(node, grace, cancellationToken);
    }

    /// <summary>Agent, containers and network go; data and images stay.</summary>
    public async Task StopAsync(ClusterSettings node, TimeSpan grace, CancellationToken cancellationToken)
    {
        await new ServerProcess(node).StopAsync(cancellationToken);
        await ManagedEtcd.EndAsync(node, cancellationToken);
        await EngineCleanup.EndContainersAsync(EngineServer.OptionsFor(node), grace, cancellationToken);
        await NodeCleanup.RunAsync(NodeComposition.NodeOptionsFor(node), cancellationToken, grace);
        EngineCleanup.UnmountVolumes(EngineServer.OptionsFor(node));
        var netns = NetnsOf(node);
        if (File.Exists($"/run/netns/{netns.Name}"))
        {
            await NetworkCleanup.RemoveAsync(NodeComposition.NetworkOptionsFor(node), new HostCommands(netns.Prefix), cancellationToken);
            await netns.RemoveAsync(cancellationToken);
        }

        MachineClaim.Release(node);
        if (System.IO.Directory.Exists(node.RunDirectory))
        {
            System.IO.Directory.Delete(node.RunDirectory, recursive: true);
        }
    }

    /// <summary>A stopped node's data.</summary>
    public static void Delete(ClusterSettings node) => System.IO.Directory.Delete(node.DataDirectory, recursive: true);

    private ClusterSettings SettingsOf(string name) => ClusterSettings.Load(Path.Combine(Directory, name));

    // Nodes reach the server over the bridge, whatever networks the machine is in.
    private Uri ServerFor() => new($"https://{cluster.LocalAddress ?? NodeNetns.Gateway(cluster)}:{cluster.ApiPort}");
}
