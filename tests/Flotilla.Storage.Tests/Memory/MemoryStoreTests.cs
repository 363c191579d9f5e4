namespace Flotilla.Storage.Tests.Memory;

public sealed class MemoryStoreTests : StoreConformance
{
    protected override ValueTask<IStore> OpenAsync() => ValueTask.FromResult<IStore>(new MemoryStore());

    [Fact]
    public async Task History_is_bounded()
    {
        await using var store = new MemoryStore(historyLength: 10);
        for (var number = 0; number < 25; number++)
        {
            await store.WriteAsync(new WriteRequest("a", new byte[1], Precondition.Any), Cancelled);
        }

        Assert.Equal(new Revision(store.Current.Value - 10), store.Compacted);
        await Assert.ThrowsAsync<CompactedException>(() => store.ListAsync("", null, 0, Revision.First, Cancelled));
    }
}
