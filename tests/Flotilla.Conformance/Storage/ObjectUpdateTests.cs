using System.Net;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Flotilla.Conformance.Storage;

/// <summary>Files follow the objects they come from, in pods that run.</summary>
public sealed class ObjectUpdateTests(LiveCluster cluster)
{
    // Each file's state is a line, written until the pod is stopped.
    private const string Follow = "while true; do for f in /a/data-1 /b/data-3 /c/data-1; do echo $f $(cat $f 2>/dev/null || echo missing); done; sleep 0.3; done";

    [Theory]
    [InlineData(Source.ConfigMap)]
    [InlineData(Source.ProjectedConfigMap)]
    public async Task A_changed_key_is_a_changed_file(Source source)
    {
        await using var space = await Space.CreateAsync(cluster);
        await source.SetAsync(space, "data", ("data-1", "value-1"));
        await space.CreatePodAsync(new MountPod(Follow) { Volumes = source.Volume("data"), Mounts = "{name: v, mountPath: /a}" }.ToString());
        await space.ReadyPodAsync("reader");
        await space.LogAsync("reader", null, "/a/data-1 value-1");
        await source.SetAsync(space, "data", ("data-1", "value-2"));
        await space.LogAsync("reader", null, "/a/data-1 value-2");
    }

    [Theory]
    [InlineData(Source.ConfigMap)]
    [InlineData(Source.Secret)]
    [InlineData(Source.ProjectedConfigMap)]
    [InlineData(Source.ProjectedSecret)]
    public async Task Optional_objects_may_go_change_and_come(Source source)
    {
        await using var space = await Space.CreateAsync(cluster);
        await source.SetAsync(space, "deleted", ("data-1", "value-1"));
        await source.SetAsync(space, "updated", ("data-1", "value-1"));
        var pod = new MountPod(Follow)
        {
            Volumes = string.Join(", ", source.Volume("deleted", optional: true, volume: "a"), source.Volume("updated", optional: true, volume: "b"), source.Volume("created", optional: true, volume: "c")),
            Mounts = "{name: a, mountPath: /a}, {name: b, mountPath: /b}, {name: c, mountPath: /c}",
        };
        await space.CreatePodAsync(pod.ToString());
        await space.ReadyPodAsync("reader");
        await space.LogAsync("reader", null, "/a/data-1 value-1");
        await space.LogAsync("reader", null, "/c/data-1 missing");
        await source.DeleteAsync(space, "deleted");
        await source.SetAsync(space, "updated", ("data-3", "value-3"));
        await source.SetAsync(space, "created", ("data-1", "value-1"));
        await space.LogAsync("reader", null, "/a/data-1 missing");
        await space.LogAsync("reader", null, "/b/data-3 value-3");
        await space.LogAsync("reader", null, "/c/data-1 value-1");
    }

    [Fact]
    public async Task Binary_data_arrives_byte_for_byte()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.CoreV1.CreateNamespacedConfigMapAsync(
            new V1ConfigMap
            {
                Metadata = new V1ObjectMeta { Name = "data" },
                Data = new Dictionary<string, string> { ["text"] = "value-1" },
                BinaryData = new Dictionary<string, byte[]> { ["dump.bin"] = [0xde, 0xca, 0xfe, 0xba, 0xd0, 0xfe, 0xff] },
            },
            space.Name);
        var pod = new MountPod("cat /v/text; echo; od -An -tx1 /v/dump.bin") { Volumes = Source.ConfigMap.Volume("data") };
        Assert.Equal("value-1\n de ca fe ba d0 fe ff\n", await space.OutputAsync(pod.ToString()));
    }

    [Fact]
    public async Task An_immutable_config_map_can_only_be_deleted()
    {
        await using var space = await Space.CreateAsync(cluster);
        var core = space.Client.CoreV1;
        await Source.ConfigMap.SetAsync(space, "data", ("data-1", "value-1"));
        await Source.ConfigMap.SetAsync(space, "data", ("data-1", "value-2"));
        var map = await core.ReadNamespacedConfigMapAsync("data", space.Name);
        map.Immutable = true;
        map = await core.ReplaceNamespacedConfigMapAsync(map, "data", space.Name);
        await RefusedAsync(() => core.ReplaceNamespacedConfigMapAsync(map with { Data = new Dictionary<string, string> { ["data-1"] = "value-3" } }, "data", space.Name));
        await RefusedAsync(() => core.ReplaceNamespacedConfigMapAsync(map with { Immutable = false }, "data", space.Name));
        await core.ReplaceNamespacedConfigMapAsync(map with { Metadata = map.Metadata with { Labels = new Dictionary<string, string> { ["label1"] = "value1" } } }, "data", space.Name);
        await core.DeleteNamespacedConfigMapAsync("data", space.Name);
    }

    [Fact]
    public async Task An_immutable_secret_can_only_be_deleted()
    {
        await using var space = await Space.CreateAsync(cluster);
        var core = space.Client.CoreV1;
        await Source.Secret.SetAsync(space, "data", ("data-1", "value-1"));
        await Source.Secret.SetAsync(space, "data", ("data-1", "value-2"));
        var secret = await core.ReadNamespacedSecretAsync("data", space.Name);
        secret.Immutable = true;
        secret = await core.ReplaceNamespacedSecretAsync(secret, "data", space.Name);
        await RefusedAsync(() => core.ReplaceNamespacedSecretAsync(secret with { Data = new Dictionary<string, byte[]> { ["data-1"] = [1] } }, "data", space.Name));
        await RefusedAsync(() => core.ReplaceNamespacedSecretAsync(secret with { Immutable = false }, "data", space.Name));
        await core.ReplaceNamespacedSecretAsync(secret with { Metadata = secret.Metadata with { Labels = new Dictionary<string, string> { ["label1"] = "value1" } } }, "data", space.Name);
        await core.DeleteNamespacedSecretAsync("data", space.Name);
    }

    private static async Task RefusedAsync<T>(Func<Task<T>> write)
    {
        var refused = await Assert.ThrowsAsync<HttpOperationException>(write);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Response.StatusCode);
        Assert.Contains("field is immutable when `immutable` is set", refused.Response.Content, StringComparison.Ordinal);
    }
}
