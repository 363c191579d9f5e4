using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Flotilla.Client.Joining;
using Flotilla.Server.Identity;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage.Etcd;
using Flotilla.Storage.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Server.Tests.Several;

/// <summary>Three API servers with files of their own over one etcd, whose authority is rotated while they end and start.</summary>
public sealed class RotationOfServersTests : IAsyncLifetime
{
    private readonly EtcdProcess etcd = new();
    private readonly List<EtcdStore> stores = [];
    private readonly List<OwnServer> servers = [];
    private readonly List<DirectoryInfo> left = [];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var one = await StartAsync("one", null);
        await StartAsync("two", one.Files);
        await StartAsync("three", one.Files);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }

        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }

        etcd.Dispose();
        left.ForEach(files => files.Delete(recursive: true));
    }

    [Fact]
    public async Task It_goes_on_without_the_server_that_began_it_and_one_that_was_away_follows_when_it_starts()
    {
        var (one, two, three) = (servers[0], servers[1], servers[2]);
        var before = one.Identity.Admin;
        var away = await EndAsync(three);
        (await one.Admin.PostAsync("/api/v1/nodes", """{"metadata":{"name":"far"}}""")).Expect(201);

        var begun = AuthorityStatus.FromJson((await one.Admin.PostAsync(AuthorityStatus.Path, "{}")).Expect(200).Bytes);
        Assert.Equal((AuthorityStep.Signs, begun.Certificate), (one.Identity.Rotation!.Step, one.Identity.CaCertificate.ExportCertificatePem() + "\n"));
        Assert.Contains("far", begun.Awaited);
        await UntilAsync(() => two.Identity.CaPem == one.Identity.CaPem);
        var half = await EndAsync(one);
        await TellAsync(two, "far");
        await UntilAsync(() => two.Identity.Rotation is null);

        // One has slept through the end, the other through everything.
        Assert.Equal(two.Identity.CaPem, (await StartAsync("one", half)).Identity.CaPem);
        Assert.Equal(two.Identity.CaPem, (await StartAsync("three", away)).Identity.CaPem);
        foreach (var server in servers)
        {
            using var old = server.Connect(before);
            using var now = server.Connect();
            (await new ApiCaller(old, null).GetAsync("/api/v1/nodes")).Expect(401);
            (await new ApiCaller(now, null).GetAsync("/api/v1/nodes")).Expect(200);
            Assert.Equal(two.Identity.CaPem, (string?)(await new ApiCaller(now, null).GetAsync("/api/v1/namespaces/kube-system/configmaps/flotilla-cluster")).Body["data"]![ClusterFacts.Authorities]);
        }
    }

    [Fact]
    public async Task The_next_one_signs_when_every_server_that_is_there_knows_it()
    {
        var (one, two) = (servers[0], servers[1]);
        var old = one.Identity.CaCertificate;

        (await two.Admin.PostAsync(AuthorityStatus.Path, "{}")).Expect(200);

        Assert.All(servers, server => Assert.Contains(server.Identity.Authorities, authority => authority.Thumbprint == two.Identity.CaCertificate.Thumbprint));
        Assert.NotEqual(old.Thumbprint, two.Identity.CaCertificate.Thumbprint);
        Assert.Equal(409, (await one.Admin.PostAsync(AuthorityStatus.Path, "{}")).Expect(409).Code);
        foreach (var server in servers)
        {
            await UntilAsync(() => server.Identity.Rotation is null && server.Identity.CaCertificate.Thumbprint != old.Thumbprint);
        }

        Assert.Single(servers.Select(server => server.Identity.CaPem).Distinct());
    }

    private async Task<OwnServer> StartAsync(string name, DirectoryInfo? files)
    {
        var store = await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [etcd.Address] }, new Storage.StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled);
        stores.Add(store);
        var server = await OwnServer.StartAsync(store, change: options => options with { ServerName = name, BindAddress = IPAddress.Any, AdvertiseAddress = Address }, files: files);
        servers.Add(server);
        return server;
    }

    /// <returns>What it leaves.</returns>
    private async Task<DirectoryInfo> EndAsync(OwnServer server)
    {
        await server.Server.StopAsync(Cancelled);
        var kept = Directory.CreateTempSubdirectory("flotilla-kept-");
        left.Add(kept);
        foreach (var file in server.Files.GetFiles())
        {
            file.CopyTo(Path.Combine(kept.FullName, file.Name));
        }

        servers.Remove(server);
        await server.DisposeAsync();
        return kept;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!isSo())
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(90));
            await Task.Delay(50, Cancelled);
        }
    }

    private static async Task TellAsync(OwnServer server, string node)
    {
        using var now = server.Connect();
        var trust = new NodeTrust([.. server.Identity.Authorities.Select(JoinToken.HashOf)], JoinToken.HashOf(server.Identity.CaCertificate));
        var annotations = new JsonObject(trust.Annotations.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        (await new ApiCaller(now, null).PatchAsync($"/api/v1/nodes/{node}", new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } }.ToJsonString())).Expect(200);
    }

    // Where servers reach one another: loopback cannot be published.
    private static readonly IPAddress Address = NetworkInterface.GetAllNetworkInterfaces().SelectMany(link => link.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address).First(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
}
