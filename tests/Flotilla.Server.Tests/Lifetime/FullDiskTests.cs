using Flotilla.Api;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;
using k8s.Models;

namespace Flotilla.Server.Tests.Lifetime;

/// <summary>A store that takes no writes for a while: everybody hears why, reads go on, and nobody has to start again.</summary>
public sealed class FullDiskTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Why = "the disk is full";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writes_are_refused_with_the_reason_and_reads_go_on()
    {
        await using var store = new FillingStore();
        await using var own = await OwnServer.StartAsync(store);
        (await own.Admin.PostAsync(Maps, """{"metadata":{"name":"before"}}""")).Expect(201);
        Assert.Contains("[+]etcd ok\n", await ReadyAsync(own.Http, 200), StringComparison.Ordinal);

        store.IsFull = true;
        var refused = (await own.Admin.PostAsync(Maps, """{"metadata":{"name":"late"}}""")).Expect(507);
        Assert.Equal(("InsufficientStorage", Why), ((string?)refused["reason"], refused.Message));
        (await own.Admin.DeleteAsync($"{Maps}/before")).Expect(507);
        (await own.Admin.GetAsync($"{Maps}/before")).Expect(200);
        Assert.Contains($"[-]etcd failed: {Why}\n", await ReadyAsync(own.Http, 500), StringComparison.Ordinal);
        Assert.Equal(200, (int)(await own.Http.GetAsync("/livez", Cancel)).StatusCode);

        // Parts of the same process hear it as all others do.
        var inside = await Assert.ThrowsAsync<ApiException>(() => own.Server.Client.CreateAsync(new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "inside", NamespaceProperty = "default" } }, Cancel));
        Assert.Equal((507, Why), (inside.Code, inside.Message));

        store.IsFull = false;
        (await own.Admin.PostAsync(Maps, """{"metadata":{"name":"late"}}""")).Expect(201);
        await ReadyAsync(own.Http, 200);
    }

    private static async Task<string> ReadyAsync(HttpClient http, int code)
    {
        using var answer = await http.GetAsync("/readyz?verbose", Cancel);
        Assert.Equal(code, (int)answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Cancel);
    }

    private sealed class FillingStore : IStore
    {
        private readonly MemoryStore inner = new();

        public bool IsFull { get; set; }

        public StoreHealth Health => IsFull ? new StoreHealth(false, Why) : StoreHealth.Good;

        public Revision Current => inner.Current;

        public Revision Compacted => inner.Compacted;

        public ValueTask CatchUpAsync(CancellationToken cancellationToken) => inner.CatchUpAsync(cancellationToken);

        public ValueTask<StoredEntry?> GetAsync(string key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

        public Task<StoreList> ListAsync(string prefix, string? startAfter, int limit, Revision? at, CancellationToken cancellationToken) =>
            inner.ListAsync(prefix, startAfter, limit, at, cancellationToken);

        public Task<WriteResult> WriteAsync(WriteRequest request, CancellationToken cancellationToken) =>
            IsFull ? throw new OutOfSpaceException(Why) : inner.WriteAsync(request, cancellationToken);

        public IAsyncEnumerable<IReadOnlyList<StoreEvent>> WatchAsync(string prefix, Revision after, CancellationToken cancellationToken) =>
            inner.WatchAsync(prefix, after, cancellationToken);

        public Task CompactAsync(Revision through, CancellationToken cancellationToken) => inner.CompactAsync(through, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
