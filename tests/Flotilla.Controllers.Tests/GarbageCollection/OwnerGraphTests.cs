using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.GarbageCollection;
using k8s.Models;

namespace Flotilla.Controllers.Tests.GarbageCollection;

public sealed class OwnerGraphTests
{
    private static readonly DiscoveredResource Maps = new(new ResourceType("", "v1", "configmaps", "ConfigMap"), true, new HashSet<string>());

    [Fact]
    public void An_owner_that_waits_hears_of_a_dependent_that_let_go_of_it()
    {
        var graph = new OwnerGraph();
        graph.Set(NodeOf("going", deleting: true));
        graph.Set(NodeOf("staying", deleting: false));
        graph.Set(NodeOf("child", deleting: false, "going", "staying"));
        Assert.Contains("going", graph.Set(NodeOf("child", deleting: false, "staying")));
        Assert.Empty(graph.DependentsOf("going"));
        Assert.Equal("child", Assert.Single(graph.DependentsOf("staying")).Uid);
    }

    [Fact]
    public void Owners_and_dependents_hear_of_what_is_gone()
    {
        var graph = new OwnerGraph();
        graph.Set(NodeOf("top", deleting: false));
        graph.Set(NodeOf("middle", deleting: false, "top"));
        graph.Set(NodeOf("bottom", deleting: false, "middle"));
        Assert.Equal(["top", "bottom"], graph.Remove("middle"));
    }

    private static Node NodeOf(string uid, bool deleting, params string[] owners) => new(Maps, new ObjectMetadata
    {
        Metadata = new V1ObjectMeta
        {
            Name = uid,
            Uid = uid,
            DeletionTimestamp = deleting ? DateTime.UnixEpoch : null,
            OwnerReferences = [.. owners.Select(owner => new V1OwnerReference { ApiVersion = "v1", Kind = "ConfigMap", Name = owner, Uid = owner })],
        },
    });
}
