using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Storage;

/// <summary>The resources of storage through the API alone: no driver is behind them.</summary>
public sealed class StorageApiTests(LiveCluster cluster)
{
    private const string Storage = "/apis/storage.k8s.io/v1";

    [Fact]
    public Task A_driver() => RunAsync(
        "csidrivers",
        """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"attachRequired":false,"volumeLifecycleModes":["Persistent","Ephemeral"]}}""");

    [Fact]
    public async Task A_node_of_a_driver()
    {
        // The owner of the name is another: nodes that exist describe themselves.
        await RunAsync(
            "csinodes",
            """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"drivers":[{"name":"example.com","nodeID":"NAME","topologyKeys":["zone"],"allocatable":{"count":3}}]}}""");
    }

    [Fact]
    public Task A_storage_class() => RunAsync(
        "storageclasses",
        """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"provisioner":"example.com/fake","reclaimPolicy":"Delete","volumeBindingMode":"Immediate"}""");

    [Fact]
    public Task A_volume_attributes_class() => RunAsync(
        "volumeattributesclasses",
        """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"driverName":"example.com","parameters":{"iops":"1000"}}""");

    [Fact]
    public Task An_attachment() => RunAsync(
        "volumeattachments",
        """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"attacher":"example.com","nodeName":"nowhere","source":{"persistentVolumeName":"some"}}}""");

    [Fact]
    public async Task An_attachments_status()
    {
        using var http = cluster.Http();
        var attachments = new Lifecycle(http, $"{Storage}/volumeattachments");
        await attachments.CreateAsync(
            """{"metadata":{"name":"status-of-attachment"},"spec":{"attacher":"example.com","nodeName":"nowhere","source":{"persistentVolumeName":"some"}}}""");
        await attachments.PatchAsync("status-of-attachment", """{"status":{"attached":true}}""", "/status");
        var item = await attachments.GetAsync("status-of-attachment", "/status");
        Assert.True((bool)item["status"]!["attached"]!);
        item["status"]!["attached"] = false;
        Assert.False((bool)(await attachments.ReplaceAsync(item, "/status"))["status"]!["attached"]!);
        await attachments.DeleteAsync("status-of-attachment");
    }

    [Fact]
    public async Task A_capacity()
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        await new Lifecycle(http, $"{Storage}/namespaces/{space.Name}/csistoragecapacities").RunAsync(
            """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"storageClassName":"some","capacity":"10Gi"}""", "capacity");
    }

    [Fact]
    public async Task A_claim_and_its_volume()
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        await new Lifecycle(http, "/api/v1/persistentvolumes").RunAsync(VolumeOf("alone"), $"{space.Name}-volume");
        await new Lifecycle(http, $"/api/v1/namespaces/{space.Name}/persistentvolumeclaims").RunAsync(ClaimOf("alone"), "claim");
    }

    [Fact]
    public async Task The_status_of_a_claim_and_its_volume()
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        var volumes = new Lifecycle(http, "/api/v1/persistentvolumes");
        var claims = new Lifecycle(http, $"/api/v1/namespaces/{space.Name}/persistentvolumeclaims");
        var name = $"{space.Name}-status";
        await volumes.CreateAsync(VolumeOf(name).Replace("NAME", name, StringComparison.Ordinal));
        await claims.CreateAsync(ClaimOf(name).Replace("NAME", "claim", StringComparison.Ordinal));
        await space.UntilAsync(() => claims.GetAsync("claim"), claim => (string?)claim["status"]!["phase"] == "Bound");
        await claims.PatchAsync("claim", """{"status":{"conditions":[{"type":"StatusPatched","status":"True","reason":"E2E","message":"Set by a test"}]}}""", "/status");
        var claim = await claims.GetAsync("claim", "/status");
        Assert.Equal("StatusPatched", (string?)claim["status"]!["conditions"]![0]!["type"]);
        claim["status"]!["conditions"]![0]!["type"] = "StatusUpdated";
        Assert.Equal("StatusUpdated", (string?)(await claims.ReplaceAsync(claim, "/status"))["status"]!["conditions"]![0]!["type"]);
        await volumes.PatchAsync(name, """{"status":{"message":"patched","reason":"E2E"}}""", "/status");
        Assert.Equal("patched", (string?)(await volumes.GetAsync(name, "/status"))["status"]!["message"]);
        await claims.DeleteAsync("claim");
        await volumes.DeleteAsync(name);
    }

    [Fact]
    public async Task A_pod_with_an_inline_volume_of_a_driver()
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        await new Lifecycle(http, $"/api/v1/namespaces/{space.Name}/pods").RunAsync(
            """
            {"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"terminationGracePeriodSeconds":0,
             "containers":[{"name":"main","image":"my-image","imagePullPolicy":"Never","volumeMounts":[{"name":"v","mountPath":"/v"}]}],
             "volumes":[{"name":"v","csi":{"driver":"missing.example.com"}}]}}
            """,
            "inline");
    }

    private async Task RunAsync(string resource, string body)
    {
        using var http = cluster.Http();
        await new Lifecycle(http, $"{Storage}/{resource}").RunAsync(body, $"life-of-{resource}");
    }

    private static string VolumeOf(string storageClass) =>
        $$$"""
        {"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"capacity":{"storage":"2Gi"},"accessModes":["ReadWriteOnce"],"storageClassName":"{{{storageClass}}}",
         "persistentVolumeReclaimPolicy":"Retain","csi":{"driver":"missing.example.com","volumeHandle":"some"} }}
        """;

    private static string ClaimOf(string storageClass) =>
        $$$"""
        {"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"resources":{"requests":{"storage":"1Gi"}},"accessModes":["ReadWriteOnce"],"storageClassName":"{{{storageClass}}}"} }
        """;
}
