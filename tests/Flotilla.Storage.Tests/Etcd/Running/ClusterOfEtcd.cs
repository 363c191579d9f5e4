using Flotilla.Storage.Etcd;
using Flotilla.Storage.Etcd.Members;
using Flotilla.Storage.Etcd.Running;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Storage.Tests.Etcd.Running;

/// <summary>Real members on ports that were free, each with a supervisor of its own.</summary>
public sealed class ClusterOfEtcd : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-etcd-");
    private readonly Dictionary<string, (EtcdMemberOptions Options, EtcdSupervisor Supervisor)> members = [];

    public long QuotaBytes { get; init; } = 64 * 1024 * 1024;

    public EtcdMemberOptions OptionsOf(string name) => members.TryGetValue(name, out var known) ? known.Options : new EtcdMemberOptions
    {
        Name = name,
        DataDirectory = Path.Combine(directory.FullName, name),
        LogFile = Path.Combine(directory.FullName, $"{name}.log"),
        ClientAddress = EtcdProcess.FreePort(),
        PeerAddress = EtcdProcess.FreePort(),
        QuotaBytes = QuotaBytes,
        HeartbeatInterval = TimeSpan.FromMilliseconds(50),
        ElectionTimeout = TimeSpan.FromMilliseconds(500),
    };

    public static EtcdOptions Ask(params EtcdMemberOptions[] members) => new()
    {
        Endpoints = [.. members.Select(member => member.LocalAddress)],
        Patience = TimeSpan.FromSeconds(30),
    };

    public static EtcdCluster Connect(params EtcdMemberOptions[] members) => new(Ask(members), TimeProvider.System, NullLogger<EtcdCluster>.Instance);

    /// <summary>Returns when it answers. Its supervisor before, if it was not stopped, goes as when it is killed.</summary>
    public async Task<EtcdMemberOptions> StartAsync(EtcdMemberOptions options, CancellationToken cancellationToken)
    {
        if (members.TryGetValue(options.Name, out var before))
        {
            before.Supervisor.Dispose();
        }

        var supervisor = new EtcdSupervisor(options, Ask(options), TimeProvider.System, NullLoggerFactory.Instance);
        members[options.Name] = (options, supervisor);
        await supervisor.StartAsync(cancellationToken);
        return options;
    }

    /// <summary>As a new server does it.</summary>
    public async Task<EtcdMemberOptions> JoinAsync(string name, EtcdCluster cluster, CancellationToken cancellationToken)
    {
        var options = OptionsOf(name);
        var ticket = await cluster.AddLearnerAsync(name, options.PeerAddress, cancellationToken);
        await StartAsync(options with { InitialCluster = ticket.InitialCluster }, cancellationToken);
        await cluster.EnsureMemberAsync(options, cancellationToken);
        return options;
    }

    /// <summary>The machine is gone: nobody starts it again, and its data is lost.</summary>
    public async Task LoseAsync(string name)
    {
        await StopAsync(name);
        Directory.Delete(Path.Combine(directory.FullName, name), recursive: true);
    }

    public async Task StopAsync(string name)
    {
        members.Remove(name, out var lost);
        await lost.Supervisor.StopAsync(CancellationToken.None);
        lost.Supervisor.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in members.Keys.ToList())
        {
            await StopAsync(name);
        }

        directory.Delete(recursive: true);
    }
}
