using System.Security.Cryptography;
using Flotilla.Backups;
using Flotilla.Local;
using Flotilla.Storage;

namespace Flotilla.Tests.Backups;

public sealed class BackupFileTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-backup-");

    private string File => Path.Combine(directory.FullName, "a.backup");

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData(null)]
    [InlineData("correct horse")]
    public void What_went_in_comes_out(string? passphrase)
    {
        var content = Content(3_000_000);
        BackupFile.Write(File, content, passphrase);
        var read = BackupFile.Read(File, passphrase);
        Assert.Equal(content.Manifest, read.Manifest);
        Assert.Equal(content.Files["pki/ca.key"], read.Files["pki/ca.key"]);
        Assert.Equal(content.State.Select(entry => (entry.Key, Convert.ToHexString(SHA256.HashData(entry.Value.Span)))), read.State.Select(entry => (entry.Key, Convert.ToHexString(SHA256.HashData(entry.Value.Span)))));
        Assert.Equal(passphrase is not null, BackupFile.IsSealed(File));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public void Another_passphrase_or_none_does_not_open_a_sealed_one()
    {
        BackupFile.Write(File, Content(10), "right");
        Assert.Contains("does not open with this passphrase", Assert.Throws<UserError>(() => BackupFile.Read(File, "wrong")).Message, StringComparison.Ordinal);
        Assert.Contains("--passphrase-file", Assert.Throws<UserError>(() => BackupFile.Read(File, null)).Message, StringComparison.Ordinal);
        Assert.Equal(-1, System.IO.File.ReadAllBytes(File).AsSpan().IndexOf("kube"u8));
    }

    [Fact]
    public void Damage_anywhere_is_found()
    {
        BackupFile.Write(File, Content(100), null);
        var whole = System.IO.File.ReadAllBytes(File);
        for (var at = 18; at < whole.Length; at += 7)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 4;
            System.IO.File.WriteAllBytes(File, damaged);
            Assert.Contains("damaged", Assert.Throws<UserError>(() => BackupFile.Read(File, null)).Message, StringComparison.Ordinal);
        }

        System.IO.File.WriteAllBytes(File, whole[..^1]);
        Assert.Contains("damaged", Assert.Throws<UserError>(() => BackupFile.Read(File, null)).Message, StringComparison.Ordinal);
        System.IO.File.WriteAllText(File, "something else");
        Assert.Contains("not a backup", Assert.Throws<UserError>(() => BackupFile.Read(File, null)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("correct horse")]
    public void However_much_is_stored_only_a_little_of_it_is_in_memory(string? passphrase)
    {
        const int count = 64;
        const int held = 4;
        var given = new List<WeakReference>();
        var content = Content(10) with { Manifest = new BackupManifest(DateTimeOffset.UnixEpoch, "0.1.0", "vm", 77, count), State = Enumerable.Range(0, count).Select(Large) };
        BackupFile.Write(File, content, passphrase);

        var taken = new List<WeakReference>();
        var read = 0;
        foreach (var entry in BackupFile.Read(File, passphrase).State)
        {
            read++;
            AssertForgotten(taken, held);
            taken.Add(new WeakReference(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(entry.Value, out var bytes) ? bytes.Array : null));
        }

        Assert.Equal(count, read);

        StoredEntry Large(int number)
        {
            AssertForgotten(given, held);
            var value = RandomNumberGenerator.GetBytes(200_000);
            given.Add(new WeakReference(value));
            return new StoredEntry($"/{number}", value, default, default);
        }
    }

    private static void AssertForgotten(List<WeakReference> all, int held)
    {
        if (all.Count % 16 == 15)
        {
            GC.Collect();
            Assert.DoesNotContain(all.SkipLast(held), value => value.IsAlive);
        }
    }

    [Fact]
    public void What_could_not_be_written_leaves_nothing()
    {
        Assert.Throws<InvalidDataException>(() => BackupFile.Write(File, Content(10) with { State = Enumerable.Range(0, 3).Select<int, StoredEntry>(_ => throw new InvalidDataException()) }, null));
        Assert.Empty(directory.GetFiles());
    }

    [Fact]
    public void A_backup_without_a_key_it_needs_is_refused()
    {
        var content = Content(10);
        BackupCheck.Verify(content);
        foreach (var name in content.Files.Keys)
        {
            var without = content with { Files = content.Files.Where(file => file.Key != name).ToDictionary() };
            Assert.Contains(name, Assert.Throws<UserError>(() => BackupCheck.Verify(without)).Message, StringComparison.Ordinal);
        }
    }

    private static BackupContent Content(int bytes) => new(
        new BackupManifest(DateTimeOffset.UnixEpoch, "0.1.0", "vm", 77, 2),
        ((string[])["pki/ca.crt", "pki/ca.key", "pki/encryption.key", "pki/service-accounts.key"]).ToDictionary(name => name, name => System.Text.Encoding.UTF8.GetBytes($"kube {name}")),
        [new StoredEntry("/a", RandomNumberGenerator.GetBytes(bytes), default, default), new StoredEntry("/b", Array.Empty<byte>(), default, default)]);
}
