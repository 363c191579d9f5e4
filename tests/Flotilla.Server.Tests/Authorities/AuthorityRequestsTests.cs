using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;
using k8s.Models;

namespace Flotilla.Server.Tests.Authorities;

/// <summary>A server that runs and gets another authority.</summary>
public sealed class AuthorityRequestsTests : IAsyncLifetime
{
    private const string Nodes = "/api/v1/nodes";
    private readonly MemoryStore store = new();
    private OwnServer own = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => own = await OwnServer.StartAsync(store);

    public async ValueTask DisposeAsync()
    {
        await own.DisposeAsync();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Who_trusts_the_authority_of_before_is_served_until_every_node_has_followed_and_then_is_refused_on_an_open_connection_too()
    {
        var (old, oldAdmin) = (own.Identity.Authorities, own.Identity.AdminCertificate);
        using var before = Client(old, oldAdmin);
        await own.Server.Client.CreateAsync(new V1Node { ApiVersion = "v1", Kind = "Node", Metadata = new V1ObjectMeta { Name = "far" } }, Cancelled);

        var begun = AuthorityStatus.FromJson(await before.SendAsync(HttpMethod.Post, AuthorityStatus.Path, "application/json", new AuthorityChange(null, null).ToJson(), Cancelled));
        Assert.Equal(["far"], begun.Awaited);
        Assert.Equal(own.Identity.CaCertificate.ExportCertificatePem() + "\n", begun.Certificate);
        Assert.Equal(own.Identity.CaPem, await PublishedAsync("kube-system", ClusterFacts.Name, ClusterFacts.Authorities));
        Assert.Equal(own.Identity.CaPem, await PublishedAsync("kube-system", "extension-apiserver-authentication", "client-ca-file"));
        Assert.Contains(Convert.ToBase64String(Encoding.ASCII.GetBytes(own.Identity.CaPem)), await PublishedAsync(ClusterFacts.PublicNamespace, ClusterFacts.PublicName, ClusterFacts.PublicKey), StringComparison.Ordinal);

        // On a connection that was open before, and on a new one.
        using var other = Client(old, oldAdmin);
        await before.SendAsync(HttpMethod.Get, Nodes, null, default, Cancelled);
        await other.SendAsync(HttpMethod.Get, Nodes, null, default, Cancelled);
        Assert.Equal(409, (await Assert.ThrowsAsync<ApiException>(() => before.SendAsync(HttpMethod.Post, AuthorityStatus.Path, "application/json", new AuthorityChange(null, null).ToJson(), Cancelled))).Code);

        await TellAsync("far", [.. own.Identity.Authorities.Select(JoinToken.HashOf)], JoinToken.HashOf(own.Identity.CaCertificate));
        while (own.Identity.Rotation is not null)
        {
            await Task.Delay(50, Cancelled);
        }

        using var now = Client(own.Identity.Authorities, own.Identity.AdminCertificate);
        Assert.Null(AuthorityStatus.FromJson(await now.SendAsync(HttpMethod.Get, AuthorityStatus.Path, null, default, Cancelled)).Started);
        Assert.Equal(401, (await Assert.ThrowsAsync<ApiException>(() => before.SendAsync(HttpMethod.Get, Nodes, null, default, Cancelled))).Code);
        Assert.Equal(401, (await Assert.ThrowsAsync<ApiException>(() => other.SendAsync(HttpMethod.Get, Nodes, null, default, Cancelled))).Code);
    }

    [Fact]
    public async Task Only_administrators_rotate_it_and_nothing_begins_with_what_cannot_be_one()
    {
        (await own.ClientOf("ann").PostAsync(AuthorityStatus.Path, "{}")).Expect(403);
        (await own.ClientOf("ann").GetAsync(AuthorityStatus.Path)).Expect(403);
        (await own.Admin.PostAsync(AuthorityStatus.Path, """{"certificate":"nonsense","key":"nonsense"}""")).Expect(400);
        Assert.Null(own.Identity.Rotation);
    }

    [Fact]
    public async Task Where_it_is_stored_its_keys_are_encrypted()
    {
        (await own.Admin.PostAsync(AuthorityStatus.Path, "{}")).Expect(200);

        var stored = (await store.ListAsync("/flotilla/authority/", null, 0, null, Cancelled)).Entries;
        Assert.Equal(2, stored.Count);
        Assert.All(stored, entry => Assert.True(Envelope.IsSealed(entry.Value.Span)));
    }

    private HttpObjectClient Client(X509Certificate2Collection trusted, X509Certificate2 certificate) => new(new HttpObjectClientOptions
    {
        Server = new Uri($"https://127.0.0.1:{own.Port}"), Authorities = () => trusted, ClientCertificate = () => certificate,
    });

    private async Task<string> PublishedAsync(string space, string map, string key) =>
        (await own.Server.Client.GetAsync<V1ConfigMap>(new ObjectKey(space, map), Cancelled)).Data[key];

    private async Task TellAsync(string node, string[] trusted, string certificates)
    {
        var current = await own.Server.Client.GetAsync<V1Node>(new ObjectKey(null, node), Cancelled);
        current.Metadata.Annotations = new Dictionary<string, string>(new NodeTrust(trusted, certificates).Annotations);
        await own.Server.Client.UpdateAsync(current, Cancelled);
    }
}
