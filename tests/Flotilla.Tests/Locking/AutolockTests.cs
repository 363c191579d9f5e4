using System.Security.Cryptography;
using System.Text;
using Flotilla.Backups;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Locking;
using Flotilla.Server.Identity;
using Flotilla.Storage;

namespace Flotilla.Tests.Locking;

/// <summary>What is secret in a data directory, under an unlock key. A server that ends is one whose memory of the key is gone.</summary>
public sealed class AutolockTests : IDisposable
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] Other = RandomNumberGenerator.GetBytes(32);

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-autolock-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task Nothing_on_disk_opens_what_is_sealed_and_the_unlock_key_does_after_a_restart()
    {
        var settings = Settings("a");
        var before = ControlPlane.IdentityFor(settings, TimeProvider.System);
        ManagedEtcd.IdentityFor(settings, TimeProvider.System);
        using (var running = new Autolock(settings))
        {
            await running.ApplyAsync(Key, before, Cancelled);
            Assert.False(running.IsLocked);
            Assert.All(SecretFiles(settings), file => Assert.True(Envelope.IsSealed(File.ReadAllBytes(file)), file));

            // As a command on the same machine has it.
            Assert.Equal(before.Admin, ControlPlane.IdentityFor(settings, TimeProvider.System).Admin);
        }

        using var started = new Autolock(settings);
        Assert.True(started.IsLocked);
        Assert.Throws<SealedException>(() => ControlPlane.IdentityFor(settings, TimeProvider.System));
        Assert.False(started.TryOpen(Other));
        Assert.False(started.TryOpen(Key.AsMemory(0, 31)));
        Assert.True(started.IsLocked);
        Assert.True(started.TryOpen(Key));
        var after = ControlPlane.IdentityFor(settings, TimeProvider.System);
        Assert.Equal((before.CaPem, before.Admin, before.EncryptionKeys.Current.Id), (after.CaPem, after.Admin, after.EncryptionKeys.Current.Id));
        ManagedEtcd.IdentityFor(settings, TimeProvider.System);
    }

    [Fact]
    public async Task What_a_server_writes_later_is_sealed_too()
    {
        var settings = Settings("a");
        var identity = ControlPlane.IdentityFor(settings, TimeProvider.System);
        using var running = new Autolock(settings);
        await running.ApplyAsync(Key, identity, Cancelled);

        identity.RotateEncryptionKey();
        identity.RotateTokenKey();

        Assert.All(SecretFiles(settings), file => Assert.True(Envelope.IsSealed(File.ReadAllBytes(file)), file));
        Assert.Equal(identity.EncryptionKeys.Current.Id, ControlPlane.IdentityFor(settings, TimeProvider.System).EncryptionKeys.Current.Id);
    }

    [Fact]
    public async Task After_a_rotation_only_the_new_unlock_key_opens()
    {
        var settings = Settings("a");
        var identity = ControlPlane.IdentityFor(settings, TimeProvider.System);
        using (var running = new Autolock(settings))
        {
            await running.ApplyAsync(Key, identity, Cancelled);
            await running.ApplyAsync(Other, identity, Cancelled);
        }

        using var started = new Autolock(settings);
        Assert.Equal((false, true), (started.TryOpen(Key), started.TryOpen(Other)));
        Assert.Equal(identity.Admin, ControlPlane.IdentityFor(settings, TimeProvider.System).Admin);
    }

    [Fact]
    public async Task Turned_off_everything_is_open_again()
    {
        var settings = Settings("a");
        var identity = ControlPlane.IdentityFor(settings, TimeProvider.System);
        ManagedEtcd.IdentityFor(settings, TimeProvider.System);
        var clear = SecretFiles(settings).ToDictionary(file => file, File.ReadAllText);
        using (var running = new Autolock(settings))
        {
            await running.ApplyAsync(null, identity, Cancelled);
            await running.ApplyAsync(Key, identity, Cancelled);
            await running.ApplyAsync(null, identity, Cancelled);
        }

        Assert.False(settings.Seal.IsOn);
        Assert.Equal(clear, SecretFiles(settings).ToDictionary(file => file, File.ReadAllText));
        using var started = new Autolock(settings);
        Assert.False(started.IsLocked);
    }

    [Fact]
    public async Task Sealing_that_was_killed_half_way_is_finished_after_the_unlock()
    {
        var settings = Settings("a");
        var identity = ControlPlane.IdentityFor(settings, TimeProvider.System);
        var authority = Path.Combine(settings.IdentityDirectory, "ca.key");
        var clear = await File.ReadAllBytesAsync(authority, Cancelled);
        using (var running = new Autolock(settings))
        {
            await running.ApplyAsync(Key, identity, Cancelled);
        }

        await File.WriteAllBytesAsync(authority, clear, Cancelled);
        using var started = new Autolock(settings);
        Assert.True(started.TryOpen(Key));
        await started.ApplyAsync(Key, ControlPlane.IdentityFor(settings, TimeProvider.System), Cancelled);
        Assert.True(Envelope.IsSealed(await File.ReadAllBytesAsync(authority, Cancelled)));
    }

    [Fact]
    public async Task Backups_of_before_and_after_hold_no_open_key_and_come_back_with_the_unlock_key_of_their_time()
    {
        var settings = Settings("a");
        settings.Save();
        var identity = ControlPlane.IdentityFor(settings, TimeProvider.System);
        SqliteDump.Write(settings.Database, new Revision(7), [new StoredEntry("/k", new byte[] { 1 }, default, default)]);
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow);
        var early = Take(settings, time);
        using (var running = new Autolock(settings))
        {
            await running.ApplyAsync(Key, identity, Cancelled);
            time.Advance(TimeSpan.FromHours(1));
            var late = Take(settings, time);
            await running.ApplyAsync(Other, identity, Cancelled);
            foreach (var (path, name) in new[] { (early, "early"), (late, "late") })
            {
                Assert.All(BackupFile.Read(path, null).Files.Where(file => file.Key.EndsWith(".key", StringComparison.Ordinal)), file => Assert.True(Envelope.IsSealed(file.Value), file.Key));
                await RestoreAsync(path, name, identity);
            }
        }
    }

    [Fact]
    public async Task A_file_that_was_put_in_the_place_of_another_does_not_open()
    {
        var settings = Settings("a");
        using var running = new Autolock(settings);
        await running.ApplyAsync(Key, ControlPlane.IdentityFor(settings, TimeProvider.System), Cancelled);

        File.Copy(Path.Combine(settings.IdentityDirectory, "front-proxy-ca.key"), Path.Combine(settings.IdentityDirectory, "ca.key"), overwrite: true);
        Assert.Throws<InvalidDataException>(() => ControlPlane.IdentityFor(settings, TimeProvider.System));
    }

    [Fact]
    public async Task Another_server_is_given_the_keys_open()
    {
        var settings = Settings("a");
        var identity = ControlPlane.IdentityFor(settings, TimeProvider.System);
        using var running = new Autolock(settings);
        await running.ApplyAsync(Key, identity, Cancelled);

        var keys = ClusterKeys.ReadOpen(settings);
        Assert.DoesNotContain(FileSeal.FileName, keys.Keys);
        Assert.Equal(identity.Admin.KeyPem, Encoding.UTF8.GetString(keys["admin.key"]));
    }

    private static string Take(ClusterSettings settings, TimeProvider time)
    {
        using var dump = SqliteDump.Open(settings.Database);
        return new BackupFolder(settings, time).Take(dump);
    }

    private async Task RestoreAsync(string backup, string name, ClusterIdentity identity)
    {
        var settings = Settings(name);
        await Restoring.ApplyAsync(BackupFile.Read(backup, null), settings, Cancelled);
        using var started = new Autolock(settings);
        Assert.Equal((true, false, true), (started.IsLocked, started.TryOpen(Other), started.TryOpen(Key)));
        Assert.Equal(identity.Admin, ControlPlane.IdentityFor(settings, TimeProvider.System).Admin);
    }

    private static string[] SecretFiles(ClusterSettings settings) => Directory.GetFiles(settings.IdentityDirectory, "*.key", SearchOption.AllDirectories);

    private ClusterSettings Settings(string name) => ClusterSettings.Load(Path.Combine(directory.FullName, name)) with
    {
        NodeName = name,
        LocalAddress = "127.0.0.1",
        RunDirectory = Path.Combine(directory.FullName, name + "-run"),
    };
}
