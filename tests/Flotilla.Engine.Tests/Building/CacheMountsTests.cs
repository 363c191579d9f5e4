using Flotilla.Engine.Building;

namespace Flotilla.Engine.Tests.Building;

public sealed class CacheMountsTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("flotilla-caches-").FullName;

    [Fact]
    public async Task Shared_files_are_the_same_and_private_ones_only_when_nobody_has_them()
    {
        var caches = new CacheMounts(root);
        using var shared = await TakeAsync(caches, CacheSharing.Shared);
        using var other = await TakeAsync(caches, CacheSharing.Shared);
        Assert.Equal(shared.Directory, other.Directory);
        using var first = await TakeAsync(caches, CacheSharing.Private);
        var second = await TakeAsync(caches, CacheSharing.Private);
        Assert.NotEqual(first.Directory, second.Directory);
        second.Dispose();
        using var third = await TakeAsync(caches, CacheSharing.Private);
        Assert.Equal(second.Directory, third.Directory);
    }

    [Fact]
    public async Task A_locked_one_is_waited_for()
    {
        var caches = new CacheMounts(root);
        var first = await TakeAsync(caches, CacheSharing.Locked);
        var second = TakeAsync(caches, CacheSharing.Locked);
        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second).Dispose();
    }

    [Fact]
    public async Task A_new_one_is_filled_once_and_one_that_could_not_be_is_filled_again()
    {
        var caches = new CacheMounts(root);
        await Assert.ThrowsAsync<IOException>(() => caches.TakeAsync("a", CacheSharing.Shared, _ => throw new IOException("full"), TestContext.Current.CancellationToken));
        for (var filled = 0; filled < 2; filled++)
        {
            using var cache = await caches.TakeAsync("a", CacheSharing.Shared, directory => File.WriteAllTextAsync(Path.Combine(directory, "x"), "first"), TestContext.Current.CancellationToken);
            Assert.Equal(filled == 0 ? "first" : "later", await File.ReadAllTextAsync(Path.Combine(cache.Directory, "x"), TestContext.Current.CancellationToken));
            await File.WriteAllTextAsync(Path.Combine(cache.Directory, "x"), "later", TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task What_a_build_uses_is_not_pruned()
    {
        var caches = new CacheMounts(root);
        using (var cache = await TakeAsync(caches, CacheSharing.Shared))
        {
            await File.WriteAllTextAsync(Path.Combine(cache.Directory, "x"), "12345", TestContext.Current.CancellationToken);
            Assert.Empty(caches.Prune().Keys);
        }

        var (keys, bytes) = caches.Prune();
        Assert.Equal((1, 5), (keys.Count, bytes));
        Assert.Empty(Directory.GetDirectories(root));
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private static Task<CacheMount> TakeAsync(CacheMounts caches, CacheSharing sharing) => caches.TakeAsync("a", sharing, _ => Task.CompletedTask, TestContext.Current.CancellationToken);
}
