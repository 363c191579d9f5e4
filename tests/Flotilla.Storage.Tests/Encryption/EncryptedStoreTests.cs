using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Storage.Tests.Encryption;

/// <summary>An encrypted store is a store like any other.</summary>
public sealed class EncryptedStoreTests : StoreConformance
{
    private static readonly string[] Everything = [""];

    private readonly MemoryStore inner = new();

    protected override ValueTask<IStore> OpenAsync() => ValueTask.FromResult<IStore>(new EncryptedStore(inner, new EncryptionKeys([EncryptionKey.Create()]), Everything));

    [Fact]
    public async Task The_database_holds_no_plain_text_and_reads_it_after_reopening()
    {
        const string secret = "correct-horse-battery-staple";
        var directory = Directory.CreateTempSubdirectory("flotilla-encrypted-");
        var file = Path.Combine(directory.FullName, "state.db");
        var keys = new EncryptionKeys([EncryptionKey.Create()]);
        await using (var store = SqliteStore.Open(file, new StorageOptions(), new FakeTimeProvider()))
        {
            var encrypted = new EncryptedStore(store, keys, ["/secrets/"]);
            await encrypted.WriteAsync(new WriteRequest("/secrets/a", Encoding.UTF8.GetBytes(secret), Precondition.Any), Cancelled);
            await encrypted.WriteAsync(new WriteRequest("/maps/a", "public-knowledge"u8.ToArray(), Precondition.Any), Cancelled);
            Assert.DoesNotContain(secret, OnDisk(directory), StringComparison.Ordinal);
        }

        Assert.DoesNotContain(secret, OnDisk(directory), StringComparison.Ordinal);
        Assert.Contains("public-knowledge", OnDisk(directory), StringComparison.Ordinal);
        await using (var again = SqliteStore.Open(file, new StorageOptions(), new FakeTimeProvider()))
        {
            var entry = await new EncryptedStore(again, keys, ["/secrets/"]).GetAsync("/secrets/a", Cancelled);
            Assert.Equal(secret, Encoding.UTF8.GetString(entry!.Value.Value.Span));
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task What_was_stored_in_the_clear_or_under_an_old_key_is_read_and_rewritten()
    {
        var old = EncryptionKey.Create();
        var keys = new EncryptionKeys([old]);
        var store = new EncryptedStore(inner, keys, ["/secrets/"]);
        await inner.WriteAsync(new WriteRequest("/secrets/clear", "{}"u8.ToArray(), Precondition.Any), Cancelled);
        await store.WriteAsync(new WriteRequest("/secrets/old", "{1}"u8.ToArray(), Precondition.Any), Cancelled);
        var next = EncryptionKey.Create();
        keys.Use([next, old]);
        Assert.Equal(["{}", "{1}"], await TextsAsync(store));
        Assert.Equal(2, await store.RewriteAsync(Cancelled));
        Assert.Equal(0, await store.RewriteAsync(Cancelled));
        Assert.Equal(["{}", "{1}"], await TextsAsync(new EncryptedStore(inner, new EncryptionKeys([next]), ["/secrets/"])));
    }

    [Fact]
    public async Task A_value_moved_to_another_key_or_changed_does_not_open()
    {
        var store = new EncryptedStore(inner, new EncryptionKeys([EncryptionKey.Create()]), Everything);
        await store.WriteAsync(new WriteRequest("/secrets/a", "{}"u8.ToArray(), Precondition.Any), Cancelled);
        var stored = (await inner.GetAsync("/secrets/a", Cancelled))!.Value.Value.ToArray();
        await inner.WriteAsync(new WriteRequest("/secrets/b", stored, Precondition.Any), Cancelled);
        var changed = stored.ToArray();
        changed[^1] ^= 1;
        await inner.WriteAsync(new WriteRequest("/secrets/c", changed, Precondition.Any), Cancelled);
        await Assert.ThrowsAsync<StorageException>(async () => await store.GetAsync("/secrets/b", Cancelled));
        await Assert.ThrowsAsync<StorageException>(async () => await store.GetAsync("/secrets/c", Cancelled));
    }

    [Fact]
    public async Task A_lost_key_is_named()
    {
        var lost = EncryptionKey.Create();
        await new EncryptedStore(inner, new EncryptionKeys([lost]), Everything).WriteAsync(new WriteRequest("a", "{}"u8.ToArray(), Precondition.Any), Cancelled);
        var error = await Assert.ThrowsAsync<StorageException>(async () => await new EncryptedStore(inner, new EncryptionKeys([EncryptionKey.Create()]), Everything).GetAsync("a", Cancelled));
        Assert.Contains(lost.Id, error.Message, StringComparison.Ordinal);
    }

    private static async Task<IEnumerable<string>> TextsAsync(EncryptedStore store) =>
        (await store.ListAsync("/secrets/", null, 0, null, Cancelled)).Entries.Select(entry => Encoding.UTF8.GetString(entry.Value.Span));

    private static string OnDisk(DirectoryInfo directory) => string.Concat(directory.GetFiles().Where(file => file.Extension != ".lock").Select(file =>
    {
        using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return Encoding.Latin1.GetString(memory.ToArray());
    }));
}
