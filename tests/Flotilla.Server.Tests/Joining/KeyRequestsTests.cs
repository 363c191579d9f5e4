using Flotilla.Client.Joining;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;

namespace Flotilla.Server.Tests.Joining;

/// <summary>How a server that runs gets new keys.</summary>
public sealed class KeyRequestsTests : IAsyncLifetime
{
    private const string Secrets = "/api/v1/namespaces/kube-system/secrets";

    private readonly MemoryStore store = new();
    private OwnServer own = null!;

    public async ValueTask InitializeAsync() => own = await OwnServer.StartAsync(store);

    public async ValueTask DisposeAsync()
    {
        await own.DisposeAsync();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task A_new_encryption_key_is_known_before_it_is_used_and_the_old_one_stays_known()
    {
        var old = own.Identity.EncryptionKeys.Current;
        await AddAsync("before");
        var change = own.Identity.Plan(ServerKeys.Encryption);

        Assert.Equal(200, await GiveAsync(ServerKeys.Encryption, change.Known));
        var next = own.Identity.EncryptionKeys.Find(change.Used.Split(' ')[0])!;
        Assert.Equal(old.Id, own.Identity.EncryptionKeys.Current.Id);

        Assert.Equal(200, await GiveAsync(ServerKeys.Encryption, change.Used));
        Assert.Equal(next.Id, own.Identity.EncryptionKeys.Current.Id);
        await AddAsync("after");
        foreach (var name in new[] { "before", "after" })
        {
            Assert.Equal("dg==", (string?)(await own.Admin.GetAsync($"{Secrets}/{name}")).Expect(200)["data"]!["k"]);
        }

        // Who makes a key without knowing of this one is refused.
        Assert.Equal(409, await GiveAsync(ServerKeys.Encryption, string.Join('\n', change.Known.Split('\n').Where(line => !line.StartsWith(next.Id, StringComparison.Ordinal)))));
    }

    [Fact]
    public async Task Tokens_of_the_key_before_stay_valid_and_new_ones_are_signed_with_the_new_one()
    {
        var signing = own.Identity.ServiceAccounts.KeyId;
        var change = own.Identity.Plan(ServerKeys.Tokens);
        Assert.Equal(200, await GiveAsync(ServerKeys.Tokens, change.Known));
        Assert.Equal(signing, own.Identity.ServiceAccounts.KeyId);
        Assert.Equal(200, await GiveAsync(ServerKeys.Tokens, change.Used));
        Assert.NotEqual(signing, own.Identity.ServiceAccounts.KeyId);
        Assert.Contains(signing, System.Text.Encoding.UTF8.GetString(own.Identity.ServiceAccounts.KeySet()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_administrators_give_keys_and_nothing_else_is_taken_for_some()
    {
        var change = own.Identity.Plan(ServerKeys.Encryption);
        (await own.ClientOf("ann").PutAsync(ServerKeys.Path + ServerKeys.Encryption, change.Used)).Expect(403);
        Assert.Equal(400, await GiveAsync(ServerKeys.Encryption, "nonsense"));
        Assert.Equal(400, await GiveAsync("ca.key", change.Used));
        (await own.Admin.GetAsync(ServerKeys.Path + ServerKeys.Encryption)).Expect(405);
    }

    private async Task<int> GiveAsync(string name, string content)
    {
        using var body = new StringContent(content);
        using var answer = await own.Http.PutAsync(new Uri(ServerKeys.Path + name, UriKind.Relative), body);
        return (int)answer.StatusCode;
    }

    private async Task AddAsync(string name) => (await own.Admin.PostAsync(Secrets, $$$"""{"metadata":{"name":"{{{name}}}"},"data":{"k":"dg=="}}""")).Expect(201);
}
