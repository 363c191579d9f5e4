using System.Threading.Channels;
using Flotilla.Api;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Client.Tests.Informers;

public sealed class InformerTests : IAsyncDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly ScriptedClient client = new();
    private readonly InformerSet set;
    private readonly Informer<V1ConfigMap> informer;
    private readonly Channel<string> seen = Channel.CreateBounded<string>(64);

    public InformerTests()
    {
        set = new InformerSet(client, time, NullLoggerFactory.Instance);
        informer = set.Of<V1ConfigMap>();
        informer.Subscribe(change => seen.Writer.TryWrite(Describe(change)));
    }

    [Fact]
    public async Task Announces_the_list_and_then_every_change_in_order()
    {
        client.NextList("5", Map("a", "1"), Map("b", "2"));
        client.Send(WatchEventType.Modified, Map("a", "6"));
        client.Send(WatchEventType.Added, Map("c", "7"));
        client.Send(WatchEventType.Deleted, Map("b", "8"));
        await set.StartAsync(CancellationToken.None);

        Assert.Equal(["+a@1", "+b@2", "a@1>6", "+c@7", "-b@8"], await SeenAsync(5));
        Assert.Equal(["a", "c"], informer.List().Select(map => map.Metadata.Name).Order());
        Assert.True(informer.HasSynced);
    }

    [Fact]
    public async Task A_late_subscriber_first_sees_what_is_there()
    {
        client.NextList("5", Map("a", "1"));
        await set.StartAsync(CancellationToken.None);
        await informer.WaitForSyncAsync(CancellationToken.None);

        var late = new List<string>();
        informer.Subscribe(change => late.Add(Describe(change)));
        Assert.Equal(["+a@1"], late);
    }

    [Fact]
    public async Task It_tells_when_it_shows_a_version_be_it_by_a_bookmark_alone()
    {
        client.NextList("5");
        await set.StartAsync(CancellationToken.None);
        await informer.ReachedAsync(5, CancellationToken.None);
        var sixth = informer.ReachedAsync(6, CancellationToken.None);
        var ninth = informer.ReachedAsync(9, CancellationToken.None);

        client.Send(WatchEventType.Added, Map("a", "7"));
        await sixth;
        Assert.False(ninth.IsCompleted);
        Assert.NotNull(informer.Get(new ObjectKey("test", "a")));
        client.Send(WatchEventType.Bookmark, Map("", "9"));
        await ninth;
    }

    [Fact]
    public async Task A_broken_watch_resumes_from_the_last_version_seen_bookmarks_included()
    {
        client.NextList("5");
        client.Send(WatchEventType.Added, Map("a", "6"));
        client.Send(WatchEventType.Bookmark, Map("", "9"));
        client.Break(new IOException("connection reset"));
        client.Send(WatchEventType.Modified, Map("a", "10"));
        await set.StartAsync(CancellationToken.None);

        Assert.Equal(["+a@6", "a@6>10"], await SeenAsync(2));
        Assert.Equal(["5", "9"], client.WatchedFrom);
    }

    [Fact]
    public async Task After_expiry_it_lists_again_and_announces_the_difference()
    {
        client.NextList("5", Map("a", "1"), Map("b", "2"), Map("c", "3"));
        client.Break(new ApiException(new V1Status { Code = 410, Reason = "Expired" }));
        client.NextList("50", Map("a", "1"), Map("b", "40"), Map("d", "41"));
        await set.StartAsync(CancellationToken.None);

        Assert.Equal(["+a@1", "+b@2", "+c@3", "b@2>40", "+d@41", "-c@3"], await SeenAsync(6));
    }

    [Fact]
    public async Task An_object_deleted_and_created_again_unseen_is_a_delete_and_an_add()
    {
        client.NextList("5", Map("a", "1", uid: "first"));
        client.Break(new ApiException(new V1Status { Code = 410, Reason = "Expired" }));
        client.NextList("50", Map("a", "40", uid: "second"));
        await set.StartAsync(CancellationToken.None);

        Assert.Equal(["+a@1", "-a@1", "+a@40"], await SeenAsync(3));
    }

    [Fact]
    public async Task Indexes_and_namespaces_follow_the_changes()
    {
        informer.AddIndex("color", map => map.Metadata.Labels is { } labels && labels.TryGetValue("color", out var color) ? [color] : []);
        client.NextList("5", Map("a", "1", color: "red"), Map("b", "2", color: "red", ns: "other"));
        client.Send(WatchEventType.Modified, Map("a", "6", color: "blue"));
        client.Send(WatchEventType.Deleted, Map("b", "7", color: "red", ns: "other"));
        await set.StartAsync(CancellationToken.None);

        await SeenAsync(4);
        Assert.Empty(informer.ByIndex("color", "red"));
        Assert.Equal("a", Assert.Single(informer.ByIndex("color", "blue")).Metadata.Name);
        Assert.Single(informer.List("test"));
        Assert.Empty(informer.List("other"));
    }

    [Fact]
    public void One_informer_serves_everybody_who_asks_for_the_same()
    {
        Assert.Same(informer, set.Of<V1ConfigMap>());
        Assert.NotSame(informer, set.Of<V1ConfigMap>(new ListScope("other")));
    }

    public async ValueTask DisposeAsync()
    {
        await set.StopAsync(CancellationToken.None);
        set.Dispose();
    }

    private async Task<List<string>> SeenAsync(int count)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var changes = new List<string>();
        while (changes.Count < count)
        {
            // Back-off passes on the fake clock.
            time.Advance(TimeSpan.FromSeconds(1));
            if (seen.Reader.TryRead(out var change))
            {
                changes.Add(change);
            }

            await Task.Delay(1, timeout.Token);
        }

        return changes;
    }

    private static string Describe(ObjectChange<V1ConfigMap> change) => change switch
    {
        { Old: null, New: { } added } => $"+{added.Metadata.Name}@{added.Metadata.ResourceVersion}",
        { Old: { } gone, New: null } => $"-{gone.Metadata.Name}@{gone.Metadata.ResourceVersion}",
        _ => $"{change.Old!.Metadata.Name}@{change.Old.Metadata.ResourceVersion}>{change.New!.Metadata.ResourceVersion}",
    };

    private static V1ConfigMap Map(string name, string version, string? color = null, string ns = "test", string? uid = null) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = ns,
            ResourceVersion = version,
            Uid = uid ?? name,
            Labels = color is null ? null : new Dictionary<string, string> { ["color"] = color },
        },
    };
}
