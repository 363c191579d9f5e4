using Flotilla.Client.Metrics;
using Flotilla.Controllers.SeLinuxWarnings;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.SeLinuxWarnings;

public sealed class SeLinuxWarningTests : IAsyncLifetime
{
    private const string Consequence = "If both pods land on the same node, only one of them may access the volume.";
    private readonly SeLinuxConflicts conflicts = new();
    private readonly Cluster cluster;

    public SeLinuxWarningTests() => cluster = new Cluster(context => new SeLinuxWarningController(context, conflicts));

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        await VolumeAsync("data", "disk.example.com");
        await cluster.CreateAsync(new V1CSIDriver { ApiVersion = "storage.k8s.io/v1", Kind = "CSIDriver", Metadata = new V1ObjectMeta { Name = "disk.example.com" }, Spec = new V1CSIDriverSpec { SeLinuxMount = true } });
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Both_pods_are_told_of_labels_that_cannot_go_together()
    {
        await PodAsync("one", Options("s0:c1,c2"));
        await PodAsync("two", Options("s0:c98,c99"));
        await UntilToldAsync("one", $"Normal SELinuxLabelConflict SELinux label \":::s0:c1,c2\" conflicts with pod two that uses the same volume as this pod with SELinux label \":::s0:c98,c99\". {Consequence}");
        await UntilToldAsync("two", $"Normal SELinuxLabelConflict SELinux label \":::s0:c98,c99\" conflicts with pod one that uses the same volume as this pod with SELinux label \":::s0:c1,c2\". {Consequence}");
        Assert.Contains(
            "selinux_warning_controller_selinux_volume_conflict{property=\"SELinux label\",pod1_namespace=\"default\",pod1_name=\"one\",pod1_value=\":::s0:c1,c2\",pod2_namespace=\"default\",pod2_name=\"two\",pod2_value=\":::s0:c98,c99\"} 1\n",
            Metrics(), StringComparison.Ordinal);
        await cluster.ChangeAsync<V1Pod>("default", "two", pod => pod.Status.Phase = "Succeeded");
        await cluster.UntilAsync(() => Task.FromResult(!Metrics().Contains("} 1", StringComparison.Ordinal)), "the conflict is over");
    }

    [Fact]
    public async Task A_pod_that_relabels_file_by_file_conflicts_with_one_whose_volume_is_mounted_with_a_label()
    {
        await PodAsync("one", Options("s0:c1,c2"));
        await PodAsync("two", Options("s0:c1,c2"), "Recursive");
        await UntilToldAsync("one", $"Normal SELinuxChangePolicyConflict SELinuxChangePolicy \"MountOption\" conflicts with pod two that uses the same volume as this pod with SELinuxChangePolicy \"Recursive\". {Consequence}");
        Assert.DoesNotContain(await EventsAsync("two"), text => text.Contains("SELinuxLabelConflict", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Volumes_of_drivers_that_know_nothing_of_labels_are_nobodys_problem_until_they_do()
    {
        await VolumeAsync("old", "old.example.com");
        await PodAsync("one", Options("s0:c1,c2"), claim: "old");
        await PodAsync("two", Options("s0:c98,c99"), claim: "old");
        await PodAsync("many", Options("s0:c1"), with: pod => pod.Spec.Containers.Add(Container("other", Options("s0:c2"))));
        await UntilToldAsync("many", "Warning MultipleSELinuxLabels Volume \"v\" is mounted twice with different SELinux labels inside this pod");
        Assert.Empty(await EventsAsync("one"));
        await cluster.CreateAsync(new V1CSIDriver { ApiVersion = "storage.k8s.io/v1", Kind = "CSIDriver", Metadata = new V1ObjectMeta { Name = "old.example.com" }, Spec = new V1CSIDriverSpec { SeLinuxMount = true } });
        await cluster.UntilAsync(async () => (await EventsAsync("one")).Any(text => text.Contains("SELinuxLabelConflict", StringComparison.Ordinal)), "they are told");
    }

    [Theory]
    [InlineData("u:r:t:s0:c1", ":::s0:c1", false)]
    [InlineData("u:r:t:s0:c1", ":::s0:c2", true)]
    [InlineData("u:r:t:s0:c1", "", false)]
    [InlineData("::a:", "::b:", true)]
    public void What_a_pod_leaves_open_conflicts_with_nothing(string left, string right, bool conflict) => Assert.Equal(conflict, SeLinuxLabel.Conflict(left, right));

    [Fact]
    public void A_pod_is_not_told_who_is_in_another_namespace()
    {
        var conflict = new LabelConflict("SELinux label", "SELinuxLabelConflict", new Api.ObjectKey("mine", "a"), "x", new Api.ObjectKey("theirs", "b"), "y");
        Assert.Equal($"SELinux label\"x\" conflicts with another pod that uses the same volume as this pod with a different SELinux label. {Consequence}", conflict.Message);
    }

    private string Metrics()
    {
        var text = new MetricsText();
        conflicts.Write(text);
        return text.ToString();
    }

    private async Task<List<string>> EventsAsync(string pod) =>
        [.. (await cluster.ListAsync<Corev1Event>("default")).Where(happening => happening.InvolvedObject.Name == pod).Select(happening => $"{happening.Type} {happening.Reason} {happening.Message}")];

    private Task UntilToldAsync(string pod, string text) => cluster.UntilAsync(async () => (await EventsAsync(pod)).Contains(text), $"{pod} is told: {text}");

    private static V1SELinuxOptions Options(string level) => new() { Level = level };

    private static V1Container Container(string name, V1SELinuxOptions options) => new()
    {
        Name = name, VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v" }], SecurityContext = new V1SecurityContext { SeLinuxOptions = options },
    };

    private Task PodAsync(string name, V1SELinuxOptions options, string? policy = null, string claim = "data", Action<V1Pod>? with = null)
    {
        var pod = new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1PodSpec
            {
                Volumes = [new V1Volume { Name = "v", PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = claim } }],
                SecurityContext = new V1PodSecurityContext { SeLinuxChangePolicy = policy },
                Containers = [Container("c", options)],
            },
            Status = new V1PodStatus { Phase = "Running" },
        };
        with?.Invoke(pod);
        return cluster.CreateAsync(pod);
    }

    private async Task VolumeAsync(string name, string driver)
    {
        var claim = await cluster.CreateAsync(new V1PersistentVolumeClaim
        {
            ApiVersion = "v1", Kind = "PersistentVolumeClaim", Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1PersistentVolumeClaimSpec { VolumeName = name },
        });
        await cluster.CreateAsync(new V1PersistentVolume
        {
            ApiVersion = "v1", Kind = "PersistentVolume", Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1PersistentVolumeSpec
            {
                Csi = new V1CSIPersistentVolumeSource { Driver = driver, VolumeHandle = name },
                ClaimRef = new V1ObjectReference { Name = name, NamespaceProperty = "default", Uid = claim.Metadata.Uid },
            },
        });
    }
}
