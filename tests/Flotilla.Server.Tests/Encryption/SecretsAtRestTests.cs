using System.Text;
using Flotilla.Server.Identity;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Encryption;

public sealed class SecretsAtRestTests(ApiHost host)
{
    [Fact]
    public async Task Secrets_are_stored_sealed_and_served_open()
    {
        var space = await host.SpaceAsync();
        var path = $"/api/v1/namespaces/{space}/secrets";
        (await host.Admin.PostAsync(path, """{"metadata":{"name":"s"},"stringData":{"password":"hunter2"}}""")).Expect(201);
        var stored = Encoding.Latin1.GetString((await host.Store.GetAsync($"/core/secrets/{space}/s", TestContext.Current.CancellationToken))!.Value.Value.Span);
        Assert.DoesNotContain("password", stored, StringComparison.Ordinal);
        Assert.Contains(host.Identity.EncryptionKeys.Current.Id, stored, StringComparison.Ordinal);
        Assert.Equal(Convert.ToBase64String("hunter2"u8), (string?)(await host.Admin.GetAsync($"{path}/s"))["data.password"]);
        Assert.Equal(Convert.ToBase64String("hunter2"u8), (string?)(await host.Admin.GetAsync(path))["items.0.data.password"]);
        await foreach (var change in host.Admin.WatchAsync($"{path}?watch=1&resourceVersion=0&fieldSelector=metadata.name=s"))
        {
            Assert.Equal(Convert.ToBase64String("hunter2"u8), (string?)change["object"]!["data"]!["password"]);
            break;
        }
    }

    [Fact]
    public void A_new_key_comes_first_and_a_half_written_file_changes_nothing()
    {
        var directory = Directory.CreateTempSubdirectory("flotilla-keys-");
        var identity = ClusterIdentity.LoadOrCreate(directory.FullName, ["localhost"], TimeProvider.System);
        var first = identity.EncryptionKeys.Current;
        identity.RotateEncryptionKey();
        Assert.NotEqual(first.Id, identity.EncryptionKeys.Current.Id);
        File.WriteAllText(Path.Combine(directory.FullName, ".encryption.key.new"), "half a li");
        var again = ClusterIdentity.LoadOrCreate(directory.FullName, ["localhost"], TimeProvider.System);
        Assert.Equal(identity.EncryptionKeys.Current.Id, again.EncryptionKeys.Current.Id);
        Assert.True(first.Secret.Span.SequenceEqual(again.EncryptionKeys.Find(first.Id)!.Secret.Span));
        directory.Delete(recursive: true);
    }
}
