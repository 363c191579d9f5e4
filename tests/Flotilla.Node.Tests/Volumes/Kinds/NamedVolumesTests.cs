using Flotilla.Api.Pods;
using Flotilla.Node.Pods;
using Flotilla.Node.Volumes;
using Flotilla.Node.Volumes.Kinds;
using k8s.Models;

namespace Flotilla.Node.Tests.Volumes.Kinds;

public sealed class NamedVolumesTests
{
    private readonly Store store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_container_has_the_volumes_that_it_mounts_with_the_images_files_in_those_that_want_them()
    {
        var pod = Pod(
            """{"a":{},"b":{"noCopy":true},"c":{"options":{"type":"tmpfs"}},"d":{}}""",
            new V1VolumeMount { Name = "a", MountPath = "/a" }, new V1VolumeMount { Name = "b", MountPath = "/b" }, new V1VolumeMount { Name = "c", MountPath = "/c", SubPath = "below" });
        await new NamedVolumes(store).PrepareAsync(pod, pod.Spec.Containers[0], "sha256:image", Cancellation);
        Assert.Equal(["hold a", "fill a sha256:image /a", "hold b", "hold c type=tmpfs"], store.Said);
    }

    [Fact]
    public async Task Other_paths_of_the_machine_are_not_its_business()
    {
        var pod = Pod("""{"a":{}}""", new V1VolumeMount { Name = "a", MountPath = "/a" }) is var named && named.Spec.Volumes[0] is var volume
            ? named with { Spec = named.Spec with { Volumes = [volume with { HostPath = new V1HostPathVolumeSource { Path = "/etc" } }] } } : throw new InvalidOperationException();
        var kind = new NamedVolumes(store);
        await kind.PrepareAsync(pod, pod.Spec.Containers[0], "sha256:image", Cancellation);
        Assert.Empty(store.Said);
        Assert.False(kind.Serves(new VolumeRequest(pod, pod.Spec.Volumes[0], null, null)));
        Assert.False(new NamedVolumes(null).Serves(new VolumeRequest(named, volume, null, null)));
        Assert.True(kind.Serves(new VolumeRequest(named, volume, null, null)));
    }

    [Fact]
    public void An_annotation_that_cannot_be_read_is_told()
    {
        var pod = Pod("[]", new V1VolumeMount { Name = "a", MountPath = "/a" });
        Assert.StartsWith("annotation flotilla.dev/named-volumes: ", Assert.Throws<VolumeException>(() => new NamedVolumes(store).Serves(new VolumeRequest(pod, pod.Spec.Volumes[0], null, null))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_that_are_gone_let_their_volumes_go()
    {
        store.Holders = ["one", "two"];
        await new NamedVolumes(store).ReleaseUnknownAsync(() => new HashSet<string> { "two", "three" }, Cancellation);
        Assert.Equal(["release one"], store.Said);
    }

    private static V1Pod Pod(string annotation, params V1VolumeMount[] mounts) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", Uid = "uid", Annotations = new Dictionary<string, string> { [PodAnnotations.NamedVolumes] = annotation } },
        Spec = new V1PodSpec
        {
            Containers = [new V1Container { Name = "c", VolumeMounts = mounts }],
            Volumes = [.. "abcd".Select(name => new V1Volume { Name = $"{name}", HostPath = new V1HostPathVolumeSource { Path = $"/volumes/{name}" } })],
        },
    };

    private sealed class Store : INamedVolumes
    {
        public List<string> Said { get; } = [];

        public IReadOnlyCollection<string> Holders { get; set; } = [];

        public IReadOnlyCollection<string> HoldingPods => Holders;

        public string? NameOf(string directory) => directory.StartsWith("/volumes/", StringComparison.Ordinal) ? directory["/volumes/".Length..] : null;

        public Task HoldAsync(string podUid, string name, NamedVolume wanted, CancellationToken cancellationToken) => SayAsync($"hold {name} {string.Join(' ', wanted.Options?.Select(option => $"{option.Key}={option.Value}") ?? [])}".Trim());

        public Task FillAsync(string name, string image, string path, CancellationToken cancellationToken) => SayAsync($"fill {name} {image} {path}");

        public Task ReleaseAsync(string podUid, CancellationToken cancellationToken) => SayAsync($"release {podUid}");

        private Task SayAsync(string what)
        {
            Said.Add(what);
            return Task.CompletedTask;
        }
    }
}
