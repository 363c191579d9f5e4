using System.Net;
using System.Net.Sockets;
using Flotilla.Backups;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Flotilla.Storage.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Tests.Composition;

/// <summary>Servers with an etcd of their own, with certificates as in real life.</summary>
public sealed class ManagedEtcdTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-servers-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void Commands_reach_the_etcd_of_a_server_in_a_network_of_its_own_from_outside()
    {
        var settings = Settings("a") with { LocalAddress = "127.0.0.9" };
        var port = settings.Datastore.Etcd!.ClientPort;
        Assert.Equal(new Uri($"https://127.0.0.9:{port}"), Assert.Single(ManagedEtcd.OptionsFor(settings, ManagedEtcd.IdentityFor(settings, TimeProvider.System)).Endpoints));
        Assert.Equal(new Uri($"https://127.0.0.1:{port}"), Assert.Single(ManagedEtcd.OptionsFor(settings with { LocalAddress = null }, ManagedEtcd.IdentityFor(settings, TimeProvider.System)).Endpoints));
    }

    [Fact]
    public async Task A_single_server_moves_to_etcd_and_another_joins_it()
    {
        var first = Settings("a");
        ControlPlane.IdentityFor(first, TimeProvider.System);
        SqliteDump.Write(first.Database, new Revision(1000), [new StoredEntry("/k", new byte[] { 7 }, default, default)]);

        await using var server = await StartAsync(first);
        Assert.Equal(7, (await server.Store.GetAsync("/k", Cancelled))!.Value.Value.Span[0]);
        Assert.InRange(server.Store.Current.Value, 1001, 1100);
        Assert.False(File.Exists(first.Database));
        Assert.Single(new BackupFolder(first, TimeProvider.System).List());

        // Who has no certificate of this authority is not heard.
        var stranger = new EtcdOptions { Endpoints = ManagedEtcd.OptionsFor(first, ManagedEtcd.IdentityFor(first, TimeProvider.System)).Endpoints, Patience = TimeSpan.Zero };
        await Assert.ThrowsAnyAsync<StorageException>(() => EtcdStore.OpenAsync(stranger, new StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled));

        var second = Settings("b");
        var own = ManagedEtcd.MemberFor(second);
        var ticket = await server.Etcd!.Cluster.AddLearnerAsync("b", own.PeerAddress, Cancelled);
        Hand(first, second);
        second = ManagedEtcd.Join(second, ticket);
        await using var other = await StartAsync(second);
        await server.Store.WriteAsync(new WriteRequest("/shared", new byte[1], Precondition.MustNotExist), Cancelled);
        await other.Store.CatchUpAsync(Cancelled);
        Assert.NotNull(await other.Store.GetAsync("/shared", Cancelled));
        var report = await other.Etcd!.Cluster.ListAsync(Cancelled);
        Assert.Equal((null, 2, true), (report.Problem, report.Voters.Count(), report.HasQuorum));

        // What a removed server still has is out of date.
        await server.Etcd.Cluster.RemoveAsync(ticket.MemberId, Cancelled);
        var refused = await Assert.ThrowsAnyAsync<StorageException>(() => other.Etcd.Cluster.EnsureMemberAsync(own, Cancelled));
        Assert.DoesNotContain("quorum", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_move_that_was_interrupted_begins_anew()
    {
        var settings = Settings("a");
        ControlPlane.IdentityFor(settings, TimeProvider.System);
        SqliteDump.Write(settings.Database, new Revision(1000), [new StoredEntry("/k", new byte[] { 7 }, default, default)]);
        await using (var server = await StartAsync(settings))
        {
            await server.Store.WriteAsync(new WriteRequest("/half", new byte[1], Precondition.MustNotExist), Cancelled);
        }

        // As if it had been killed before its last step.
        File.Move($"{settings.Database}.moved", settings.Database);
        await using var again = await StartAsync(settings);
        Assert.Equal(["/k"], (await again.Store.ListAsync("", null, 0, null, Cancelled)).Entries.Select(entry => entry.Key));
        Assert.False(File.Exists(settings.Database));
    }

    [Fact]
    public async Task A_backup_comes_back_onto_an_etcd_of_its_own()
    {
        var before = Settings("before");
        before.Save();
        ControlPlane.IdentityFor(before, TimeProvider.System);
        string backup;
        await using (var server = await StartAsync(before))
        {
            await server.Store.WriteAsync(new WriteRequest("/k", new byte[] { 7 }, Precondition.MustNotExist), Cancelled);
            backup = new BackupFolder(before, TimeProvider.System).Take(StoreDump.Of(await server.Store.ListAsync("", null, 0, null, Cancelled)));
        }

        var content = BackupFile.Read(backup, null);
        var after = Restoring.SettingsFor(content, Settings("after") with { Datastore = new DatastoreSettings() });
        Assert.Equal(before.Datastore.Etcd, after.Datastore.Etcd);
        await Restoring.ApplyAsync(content, after, Cancelled);
        await using var restored = await StartAsync(ClusterSettings.Load(after.DataDirectory) with { LocalAddress = before.LocalAddress });
        Assert.Equal(7, (await restored.Store.GetAsync("/k", Cancelled))!.Value.Value.Span[0]);
        Assert.True(restored.Store.Current.Value > content.Manifest.Revision + 100_000);
    }

    [Fact]
    public void A_server_that_lost_its_data_begins_no_cluster_of_its_own()
    {
        var settings = Settings("a");
        new KnownMembers(settings).Write([new Uri("https://10.0.0.2:2379")]);
        var refused = Assert.Throws<StorageException>(() => new KnownMembers(settings).CheckData());
        Assert.Contains("shared an etcd with 10.0.0.2:2379", refused.Message, StringComparison.Ordinal);
    }

    private static Task<Datastore> StartAsync(ClusterSettings settings) =>
        Datastore.StartAsync(settings, new StartupProgress(Path.Combine(settings.DataDirectory, "progress")), TimeProvider.System, NullLoggerFactory.Instance, Cancelled);

    private static void Hand(ClusterSettings from, ClusterSettings to)
    {
        Directory.CreateDirectory(ManagedEtcd.IdentityDirectory(to));
        foreach (var file in EtcdIdentity.SharedFiles)
        {
            File.Copy(Path.Combine(ManagedEtcd.IdentityDirectory(from), file), Path.Combine(ManagedEtcd.IdentityDirectory(to), file));
        }
    }

    private ClusterSettings Settings(string name) => ClusterSettings.Load(Path.Combine(directory.FullName, name)) with
    {
        NodeName = name,
        RunDirectory = Path.Combine(directory.FullName, name + "-run"),
        LocalAddress = "127.0.0.1",
        Datastore = new DatastoreSettings { Etcd = new ManagedEtcdSettings { ClientPort = FreePort(), PeerPort = FreePort() } },
    };

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
