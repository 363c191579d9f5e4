using Flotilla.Client;
using Flotilla.Linux.Mounts;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Flotilla.Node.Volumes;
using Flotilla.Node.Volumes.Kinds;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Node.Tests.Volumes;

/// <summary>Real mounts below a directory of its own.</summary>
public sealed class PodVolumesManagerTests : IAsyncLifetime
{
    private readonly string directory = Path.Combine("/tmp", "fltv" + Guid.NewGuid().ToString("N")[..8]);
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryClient client;
    private readonly InformerSet informers;
    private readonly PodVolumesManager volumes;

    public PodVolumesManagerTests()
    {
        client = new MemoryClient { Time = time };
        informers = new InformerSet(client, time, NullLoggerFactory.Instance);
        var options = new NodeOptions { NodeName = "node-1", DataDirectory = directory, RunDirectory = directory + "/run" };
        volumes = new PodVolumesManager(options, client, informers, time, NullLoggerFactory.Instance);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await informers.StartAsync(Cancellation);
        await volumes.StartAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await volumes.StopAsync(CancellationToken.None);
        await informers.StopAsync(CancellationToken.None);
        Mounts.UnmountBelow(directory);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_missing_config_map_is_told_as_upstream_does()
    {
        var pod = Pod(new V1Volume { Name = "v", ConfigMap = new V1ConfigMapVolumeSource { Name = "none" } });
        var failure = await Assert.ThrowsAsync<VolumeException>(() => volumes.MountAsync(pod, Cancellation));
        Assert.Equal("MountVolume.SetUp failed for volume \"v\" : configmap \"none\" not found", failure.Message);
    }

    [Fact]
    public async Task Disks_that_need_more_than_the_node_has_are_refused_by_what_is_missing()
    {
        var iscsi = Pod(new V1Volume { Name = "v", Iscsi = new V1ISCSIVolumeSource { TargetPortal = "10.0.0.1:3260", Iqn = "iqn.2001-04.com.example:disk" } });
        Assert.Equal(
            "MountVolume.SetUp failed for volume \"v\" : iSCSI volumes need an initiator (iscsid), which is not used on this node; a storage driver (CSI) that brings its own, registered with the node, can serve the same disk",
            (await Assert.ThrowsAsync<VolumeException>(() => volumes.MountAsync(iscsi, Cancellation))).Message);
        var fc = Pod(new V1Volume { Name = "v", Fc = new V1FCVolumeSource { TargetWWNs = ["50060e801049cfd1"], Lun = 0 } });
        Assert.StartsWith(
            "MountVolume.SetUp failed for volume \"v\" : Fibre Channel volumes need a host adapter and multipathing",
            (await Assert.ThrowsAsync<VolumeException>(() => volumes.MountAsync(fc, Cancellation))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_without_nfs_says_whether_the_helper_or_the_kernels_module_is_missing()
    {
        Directory.CreateDirectory(directory);
        var list = Path.Combine(directory, "filesystems");
        File.WriteAllText(list, "nodev\ttmpfs\n\text4\n");
        var support = new NfsSupport([directory], list);
        Assert.Equal("the node has no mount.nfs, which NFS volumes need (Debian's package nfs-common)", support.MissingHelper());
        Assert.Equal("the node's kernel knows no NFS (module nfs)", support.MissingModule());
        File.WriteAllText(Path.Combine(directory, "mount.nfs"), "");
        File.AppendAllText(list, "nodev\tnfs4\n");
        Assert.Null(support.MissingHelper());
        Assert.Null(support.MissingModule());
    }

    [Fact]
    public async Task An_optional_secret_may_be_missing()
    {
        var path = await MountAsync(new V1Volume { Name = "v", Secret = new V1SecretVolumeSource { SecretName = "none", Optional = true } });
        Assert.Empty(Directory.EnumerateFiles(path));
    }

    [Fact]
    public async Task A_config_map_follows_its_object()
    {
        client.Put(ConfigMap(("a", "1"), ("b", "2")));
        var path = await MountAsync(new V1Volume { Name = "v", ConfigMap = new V1ConfigMapVolumeSource { Name = "c", DefaultMode = 0b100_000_000 } });
        Assert.Equal("1", File.ReadAllText(Path.Combine(path, "a")));
        Assert.Equal("..data/a", new FileInfo(Path.Combine(path, "a")).LinkTarget);
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(Path.Combine(path, "a")));

        client.Put(ConfigMap(("a", "new"), ("c", "3")));
        await Eventually(() => File.ReadAllText(Path.Combine(path, "a")) == "new" && File.Exists(Path.Combine(path, "c")) && !File.Exists(Path.Combine(path, "b")));
        await Eventually(() => Directory.EnumerateDirectories(path, "..2*").Count() == 1);
    }

    [Fact]
    public async Task Items_choose_keys_paths_and_modes()
    {
        client.Put(ConfigMap(("a", "1"), ("b", "2")));
        var path = await MountAsync(new V1Volume
        {
            Name = "v",
            ConfigMap = new V1ConfigMapVolumeSource { Name = "c", Items = [new V1KeyToPath { Key = "a", Path = "deep/file", Mode = 0b111_000_000 }] },
        });
        Assert.Equal("1", File.ReadAllText(Path.Combine(path, "deep/file")));
        Assert.False(File.Exists(Path.Combine(path, "b")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(path, "deep/file")));
    }

    [Fact]
    public async Task A_key_that_is_not_there_is_an_error()
    {
        client.Put(ConfigMap(("a", "1")));
        var pod = Pod(new V1Volume { Name = "v", ConfigMap = new V1ConfigMapVolumeSource { Name = "c", Items = [new V1KeyToPath { Key = "x", Path = "x" }] } });
        var failure = await Assert.ThrowsAsync<VolumeException>(() => volumes.MountAsync(pod, Cancellation));
        Assert.Equal("MountVolume.SetUp failed for volume \"v\" : configmap references non-existent config key: x", failure.Message);
    }

    [Fact]
    public async Task The_api_access_volume_joins_token_ca_and_namespace_and_its_token_is_renewed()
    {
        client.Put(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "kube-root-ca.crt", NamespaceProperty = "default" },
            Data = new Dictionary<string, string> { ["ca.crt"] = "CA" },
        });
        var path = await MountAsync(new V1Volume
        {
            Name = "kube-api-access",
            Projected = new V1ProjectedVolumeSource
            {
                Sources =
                [
                    new V1VolumeProjection { ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = 1000 } },
                    new V1VolumeProjection { ConfigMap = new V1ConfigMapProjection { Name = "kube-root-ca.crt", Items = [new V1KeyToPath { Key = "ca.crt", Path = "ca.crt" }] } },
                    new V1VolumeProjection { DownwardAPI = new V1DownwardAPIProjection { Items = [new V1DownwardAPIVolumeFile { Path = "namespace", FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.namespace" } }] } },
                ],
            },
        });
        Assert.Equal("token-1", File.ReadAllText(Path.Combine(path, "token")));
        Assert.Equal("CA", File.ReadAllText(Path.Combine(path, "ca.crt")));
        Assert.Equal("default", File.ReadAllText(Path.Combine(path, "namespace")));
        Assert.Contains(path, MountTable.Below(directory));
        Assert.True(client.Tokens.TryPeek(out var request));
        Assert.Equal(("Pod", "p", "u1"), (request.Spec.BoundObjectRef.Kind, request.Spec.BoundObjectRef.Name, request.Spec.BoundObjectRef.Uid));

        time.Advance(TimeSpan.FromSeconds(810));
        await Eventually(() => File.ReadAllText(Path.Combine(path, "token")) == "token-2");
    }

    [Fact]
    public async Task Labels_are_quoted_and_follow_the_pod()
    {
        var volume = new V1Volume
        {
            Name = "v",
            DownwardAPI = new V1DownwardAPIVolumeSource { Items = [new V1DownwardAPIVolumeFile { Path = "labels", FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.labels" } }] },
        };
        var pod = Pod(volume);
        pod.Metadata.Labels = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" };
        client.Put(pod);
        var path = (await volumes.MountAsync(pod, Cancellation)).ByName["v"].Path;
        Assert.Equal("a=\"1\"\nb=\"2\"", File.ReadAllText(Path.Combine(path, "labels")));

        var changed = Pod(volume);
        changed.Metadata.Labels = new Dictionary<string, string> { ["a"] = "9" };
        client.Put(changed);
        await Eventually(() => File.ReadAllText(Path.Combine(path, "labels")) == "a=\"9\"");
    }

    [Fact]
    public async Task An_empty_directory_keeps_its_content_until_the_pod_is_unmounted()
    {
        var pod = Pod(
            new V1Volume { Name = "disk", EmptyDir = new V1EmptyDirVolumeSource() },
            new V1Volume { Name = "memory", EmptyDir = new V1EmptyDirVolumeSource { Medium = "Memory", SizeLimit = new ResourceQuantity("1Mi") } });
        pod.Spec.SecurityContext = new V1PodSecurityContext { FsGroup = 4321 };
        var paths = (await volumes.MountAsync(pod, Cancellation)).ByName;
        File.WriteAllText(Path.Combine(paths["memory"].Path, "file"), "kept");
        Assert.True(File.GetUnixFileMode(paths["disk"].Path).HasFlag(UnixFileMode.SetGroup | UnixFileMode.GroupWrite));
        Assert.Throws<IOException>(() => File.WriteAllBytes(Path.Combine(paths["memory"].Path, "big"), new byte[2 << 20]));

        await volumes.MountAsync(pod, Cancellation);
        Assert.Equal("kept", File.ReadAllText(Path.Combine(paths["memory"].Path, "file")));

        await volumes.UnmountAsync("u1", Cancellation);
        Assert.Empty(MountTable.Below(directory));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(directory, "pods", "u1")));
    }

    [Theory]
    [InlineData("Directory", "/etc/passwd", "hostPath type check failed: /etc/passwd is not a directory")]
    [InlineData("File", "/etc", "hostPath type check failed: /etc is not a file")]
    [InlineData("Socket", "/etc", "hostPath type check failed: /etc is not a socket file")]
    [InlineData("CharDevice", "/nothing", "hostPath type check failed: /nothing is not a character device")]
    public async Task Host_paths_are_checked(string type, string path, string message)
    {
        var pod = Pod(new V1Volume { Name = "h", HostPath = new V1HostPathVolumeSource { Path = path, Type = type } });
        var failure = await Assert.ThrowsAsync<VolumeException>(() => volumes.MountAsync(pod, Cancellation));
        Assert.EndsWith(message, failure.Message, StringComparison.Ordinal);
    }

    private async Task<string> MountAsync(V1Volume volume) =>
        (await volumes.MountAsync(Pod(volume), Cancellation)).ByName[volume.Name].Path;

    private async Task Eventually(Func<bool> condition)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bounded.CancelAfter(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            await Task.Delay(10, bounded.Token);
        }
    }

    private static V1ConfigMap ConfigMap(params (string Key, string Value)[] data) => new()
    {
        Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default" },
        Data = data.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal),
    };

    private static V1Pod Pod(params V1Volume[] volumes) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default", Uid = "u1" },
        Spec = new V1PodSpec { NodeName = "node-1", Containers = [new V1Container { Name = "c" }], Volumes = volumes },
    };
}
