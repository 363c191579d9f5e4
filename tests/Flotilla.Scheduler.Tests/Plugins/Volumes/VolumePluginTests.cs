using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Plugins.Volumes;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Plugins.Volumes;

public sealed class VolumePluginTests
{
    private readonly ClusterSnapshot cluster = Given.Cluster(Given.Node("a"), Given.Node("b"));

    private VolumeCatalog Catalog => cluster.Volumes;

    [Fact]
    public void A_claim_must_exist() => Assert.Equal("persistentvolumeclaim \"data\" not found", Why(Storage.Pod("p", "data")));

    [Fact]
    public void An_ephemeral_claim_is_awaited_and_must_be_the_pods_own()
    {
        var pod = Given.Pod("p", with: pod => pod.Spec.Volumes = [new V1Volume { Name = "v", Ephemeral = new V1EphemeralVolumeSource() }]);
        Assert.Equal("waiting for ephemeral volume controller to create the persistentvolumeclaim \"p-v\"", Why(pod));
        Catalog.Set(Storage.Claim("p-v"));
        Assert.Equal("PVC default/p-v was not created for pod default/p (pod is not owner)", Why(pod));
    }

    [Fact]
    public void An_immediate_claim_must_be_bound_first()
    {
        Catalog.Classes["local"] = Storage.Class(waits: false);
        Catalog.Set(Storage.Claim("data"));
        Assert.Equal("pod has unbound immediate PersistentVolumeClaims", Why(Storage.Pod("p", "data")));
    }

    [Fact]
    public void Lost_and_deleted_claims_are_refused()
    {
        var lost = Storage.Claim("data", volume: "v");
        lost.Status.Phase = "Lost";
        Catalog.Set(lost);
        Assert.Equal("persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"v\"", Why(Storage.Pod("p", "data")));
        var going = Storage.Claim("data", volume: "v");
        going.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        Catalog.Set(going);
        Assert.Equal("persistentvolumeclaim \"data\" is being deleted", Why(Storage.Pod("p", "data")));
    }

    [Fact]
    public void A_bound_volume_pulls_the_pod_to_its_node()
    {
        Catalog.Set(Storage.Claim("data", volume: "v"));
        Assert.Equal("never: node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)", Ask(Storage.Pod("p", "data"), "a"));
        Catalog.Set(Storage.Volume("v", node: "b"));
        Assert.Equal("never: node(s) didn't match PersistentVolume's node affinity", Ask(Storage.Pod("p", "data"), "a"));
        Assert.Equal("fits", Ask(Storage.Pod("p", "data"), "b"));
    }

    [Fact]
    public void A_waiting_claim_takes_a_free_volume_where_there_is_one()
    {
        Catalog.Classes["local"] = Storage.Class(provisioner: "kubernetes.io/no-provisioner");
        Catalog.Set(Storage.Claim("data"));
        Catalog.Set(Storage.Volume("v", node: "b"));
        Assert.Equal("never: node(s) didn't find available persistent volumes to bind", Ask(Storage.Pod("p", "data"), "a"));
        Assert.Equal("fits", Ask(Storage.Pod("p", "data"), "b"));
    }

    [Fact]
    public void Two_claims_of_a_pod_need_two_volumes()
    {
        Catalog.Classes["local"] = Storage.Class(provisioner: "kubernetes.io/no-provisioner");
        Catalog.Set(Storage.Claim("one"));
        Catalog.Set(Storage.Claim("two", "2Gi"));
        Catalog.Set(Storage.Volume("v", "5Gi", "a"));
        Assert.StartsWith("never", Ask(Storage.Pod("p", "one", "two"), "a"));
        Catalog.Set(Storage.Volume("w", "1Gi", "a"));
        Assert.Equal("fits", Ask(Storage.Pod("p", "one", "two"), "a"));
    }

    [Fact]
    public void A_promised_volume_is_not_promised_again_until_it_is_taken_back()
    {
        Catalog.Classes["local"] = Storage.Class(provisioner: "kubernetes.io/no-provisioner");
        Catalog.Set(Storage.Claim("one"));
        Catalog.Set(Storage.Claim("two"));
        Catalog.Set(Storage.Volume("v", node: "a"));
        var plugin = new VolumeBinding(PluginContext.Offline);
        var cycle = Cycle(Storage.Pod("p", "one"));
        plugin.PreFilter(cycle);
        Assert.True(plugin.Filter(cycle)!(cluster.Node("a")!).IsFit);
        plugin.Reserve(cycle, cluster.Node("a")!);
        Assert.Equal("never: node(s) didn't find available persistent volumes to bind", Ask(Storage.Pod("q", "two"), "a"));
        plugin.Unreserve(cycle, "a");
        Assert.Equal("fits", Ask(Storage.Pod("q", "two"), "a"));
    }

    [Fact]
    public void A_claim_in_the_hands_of_a_nodes_provisioner_stays_there()
    {
        Catalog.Classes["local"] = Storage.Class();
        var claim = Storage.Claim("data");
        claim.Metadata.Annotations = new Dictionary<string, string> { ["volume.kubernetes.io/selected-node"] = "b" };
        Catalog.Set(claim);
        Assert.StartsWith("never", Ask(Storage.Pod("p", "data"), "a"));
        Assert.Equal("fits", Ask(Storage.Pod("p", "data"), "b"));
    }

    [Fact]
    public void A_class_can_be_for_some_nodes_only()
    {
        var storageClass = Storage.Class();
        storageClass.AllowedTopologies = [new V1TopologySelectorTerm { MatchLabelExpressions = [new V1TopologySelectorLabelRequirement { Key = "kubernetes.io/hostname", Values = ["b"] }] }];
        Catalog.Classes["local"] = storageClass;
        Catalog.Set(Storage.Claim("data"));
        Assert.Equal("never: node(s) didn't find available persistent volumes to bind", Ask(Storage.Pod("p", "data"), "a"));
        Assert.Equal("fits", Ask(Storage.Pod("p", "data"), "b"));
    }

    [Fact]
    public void A_driver_that_publishes_its_room_must_have_enough()
    {
        Catalog.Classes["local"] = Storage.Class();
        Catalog.Drivers["example.com/disk"] = new V1CSIDriver { Spec = new V1CSIDriverSpec { StorageCapacity = true } };
        Catalog.Set(Storage.Claim("data", "5Gi"));
        Assert.Equal("never: node(s) did not have enough free storage", Ask(Storage.Pod("p", "data"), "a"));
        Catalog.Capacities[new("default", "c")] = new V1CSIStorageCapacity { StorageClassName = "local", Capacity = new ResourceQuantity("4Gi"), NodeTopology = new V1LabelSelector() };
        Assert.Equal("never: node(s) did not have enough free storage", Ask(Storage.Pod("p", "data"), "a"));
        Catalog.Capacities[new("default", "c")] = new V1CSIStorageCapacity { StorageClassName = "local", Capacity = new ResourceQuantity("5Gi"), NodeTopology = new V1LabelSelector() };
        Assert.Equal("fits", Ask(Storage.Pod("p", "data"), "a"));
    }

    [Fact]
    public void A_claim_for_one_pod_is_one_pods()
    {
        Catalog.Set(Storage.Claim("data", volume: "v", mode: "ReadWriteOncePod"));
        Assert.Equal("fits", new VolumeRestrictions().Ask(Storage.Pod("p", "data"), cluster, "a"));
        cluster.With("a", Storage.Pod("other", "data"));
        const string reason = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
        Assert.Equal($"no: {reason}", new VolumeRestrictions().Ask(Storage.Pod("p", "data"), cluster, "a"));
        Assert.Equal($"no: {reason}", new VolumeRestrictions().Ask(Storage.Pod("p", "data"), cluster, "b"));
    }

    [Fact]
    public void A_volume_in_a_zone_is_used_in_that_zone()
    {
        var zoned = Given.Cluster(Given.Node("a", labels: ("topology.kubernetes.io/zone", "x")), Given.Node("b", labels: ("topology.kubernetes.io/zone", "y")), Given.Node("c"));
        zoned.Volumes.Set(Storage.Claim("data", volume: "v"));
        var volume = Storage.Volume("v");
        volume.Metadata.Labels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = "y__z" };
        zoned.Volumes.Set(volume);
        Assert.Equal("never: node(s) had no available volume zone", new VolumeZone().Ask(Storage.Pod("p", "data"), zoned, "a"));
        Assert.Equal("fits", new VolumeZone().Ask(Storage.Pod("p", "data"), zoned, "b"));
        Assert.Equal("fits", new VolumeZone().Ask(Storage.Pod("p", "data"), zoned, "c"));
    }

    [Fact]
    public void A_driver_attaches_only_so_many_volumes()
    {
        foreach (var name in (string[])["one", "two", "three"])
        {
            Catalog.Set(Storage.Claim(name, volume: $"v-{name}"));
            Catalog.Set(Storage.Volume($"v-{name}", driver: "disk"));
        }

        Catalog.DriverNodes["a"] = new V1CSINode
        {
            Spec = new V1CSINodeSpec { Drivers = [new V1CSINodeDriver { Name = "disk", NodeID = "a", Allocatable = new V1VolumeNodeResources { Count = 2 } }] },
        };
        cluster.With("a", Storage.Pod("p", "one", "two"));
        Assert.Equal("no: node(s) exceed max volume count", new NodeVolumeLimits().Ask(Storage.Pod("q", "three"), cluster, "a"));
        Assert.Equal("fits", new NodeVolumeLimits().Ask(Storage.Pod("q", "two"), cluster, "a"));
        Assert.Equal("fits", new NodeVolumeLimits().Ask(Storage.Pod("q", "three"), cluster, "b"));
    }

    private SchedulingCycle Cycle(V1Pod pod) => new(new PodInfo(pod), cluster);

    private string Why(V1Pod pod) => new VolumeBinding(PluginContext.Offline).PreFilter(Cycle(pod)).Verdict.Reasons![0];

    private string Ask(V1Pod pod, string node)
    {
        var (plugin, cycle) = (new VolumeBinding(PluginContext.Offline), Cycle(pod));
        Assert.True(plugin.PreFilter(cycle).Verdict.IsFit);
        var verdict = plugin.Filter(cycle)!(cluster.Node(node)!);
        return verdict.IsFit ? "fits" : (verdict.Unresolvable ? "never: " : "no: ") + string.Join(", ", verdict.Reasons!);
    }
}
