using Flotilla.Backups;
using Flotilla.Local;
using Flotilla.Storage;
using Flotilla.Upgrades;

namespace Flotilla.Tests.Upgrades;

public sealed class DataStampTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-stamp-").FullName;

    private ClusterSettings Settings => ClusterSettings.Load(directory);

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_server_makes_the_data_its_own()
    {
        Assert.Null(DataStamp.Enter(Settings, TimeProvider.System));
        Assert.Equal(new DataStamp(Product.DataVersion, Product.Number), DataStamp.Load(directory));
        Assert.Null(DataStamp.Enter(Settings, TimeProvider.System));
    }

    [Fact]
    public void Data_of_a_newer_version_is_left_alone()
    {
        var newer = new DataStamp(Product.DataVersion + 1, "9.9.9");
        newer.Save(directory);
        var refusal = Assert.Throws<UserError>(() => DataStamp.Enter(Settings, TimeProvider.System));
        Assert.Contains($"is of version {Product.DataVersion + 1}, written by Flotilla 9.9.9", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(newer, DataStamp.Load(directory));
    }

    [Fact]
    public async Task Data_of_an_older_version_is_backed_up_first_and_can_be_put_back()
    {
        Settings.Save();
        WriteKeys("before");
        await WriteAsync("/a", "/b");
        new DataStamp(Product.DataVersion - 1, "0.0.9").Save(directory);

        var backup = DataStamp.Enter(Settings, TimeProvider.System)!;
        WriteKeys("after");
        var newest = await WriteAsync("/c");
        await Restoring.ReturnAsync(backup, Settings, CancellationToken.None);

        Assert.Equal("before", await File.ReadAllTextAsync(Path.Combine(directory, "pki", "ca.key")));
        await using var store = SqliteStore.Open(Settings.Database, new StorageOptions(), TimeProvider.System);
        Assert.Equal(["/a", "/b"], (await store.ListAsync("", null, 0, null, CancellationToken.None)).Entries.Select(entry => entry.Key));

        // Whoever saw the writes that are gone must not take the new ones for theirs.
        Assert.True(store.Compacted > newest);
    }

    private async Task<Revision> WriteAsync(params string[] keys)
    {
        await using var store = SqliteStore.Open(Settings.Database, new StorageOptions(), TimeProvider.System);
        foreach (var key in keys)
        {
            await store.WriteAsync(new WriteRequest(key, new byte[10], Precondition.Any), CancellationToken.None);
        }

        return store.Current;
    }

    private void WriteKeys(string content)
    {
        var pki = Directory.CreateDirectory(Path.Combine(directory, "pki")).FullName;
        foreach (var name in (string[])["ca.crt", "ca.key", "encryption.key", "service-accounts.key"])
        {
            File.WriteAllText(Path.Combine(pki, name), content);
        }
    }
}
