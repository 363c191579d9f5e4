using System.Text;
using Flotilla.Api;
using Flotilla.Controllers.TemplateHistory;
using k8s.Models;

namespace Flotilla.Controllers.Tests.TemplateHistory;

/// <summary>The names are those a real v1.36.2 gave the revisions of the same sets.</summary>
public sealed class RevisionNamingTests
{
    private const string Probe = """
        "readinessProbe":{"exec":{"command":["sh","-c","exit 1"]},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},
        """;

    [Theory]
    [InlineData("ss-ok", "", "67f5d759fb")]
    [InlineData("ss-stuck", Probe, "69bd6fbf79")]
    public void Revisions_of_stateful_sets_are_named_as_upstream(string name, string probe, string hash)
    {
        var revision = TemplateRevisions.New(Owner(name), Template(name, probe), 1, null, RevisionNaming.OfStatefulSets);
        Assert.Equal($"{name}-{hash}", revision.Metadata.Name);
        Assert.Equal(hash, revision.Metadata.Labels["controller.kubernetes.io/hash"]);
        Assert.Equal(hash, RevisionNaming.OfStatefulSets.HashOf(revision));
        Assert.NotEqual(revision.Metadata.Name, TemplateRevisions.New(Owner(name), Template(name, probe), 1, 1, RevisionNaming.OfStatefulSets).Metadata.Name);
    }

    [Fact]
    public void Revisions_of_daemon_sets_carry_the_hash_of_the_template()
    {
        var template = Template("ds", "");
        var revision = TemplateRevisions.New(Owner("ds"), template, 1, null, RevisionNaming.OfDaemonSets);
        Assert.Equal($"ds-{Flotilla.Controllers.Deployments.TemplateHash.Compute(template, null)}", revision.Metadata.Name);
        Assert.Equal(revision.Metadata.Name, $"ds-{revision.Metadata.Labels["controller-revision-hash"]}");
    }

    [Fact]
    public void A_long_owner_name_is_cut_for_the_revisions_of_stateful_sets() =>
        Assert.Equal(new string('a', 223) + "-x", RevisionNaming.OfStatefulSets.NameOf(new string('a', 240), "x"));

    private static V1StatefulSet Owner(string name) => new()
    {
        ApiVersion = "apps/v1",
        Kind = "StatefulSet",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = "u" },
    };

    private static V1PodTemplateSpec Template(string app, string probe)
    {
        var container = $$"""
            {"name":"c","image":"docker.io/library/busybox:latest","imagePullPolicy":"IfNotPresent","command":["sleep","3600"],{{probe}}
            "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","resources":{} }
            """;
        var json = $$$"""
            {"metadata":{"labels":{"app":"{{{app}}}"}},"spec":{"automountServiceAccountToken":false,"terminationGracePeriodSeconds":1,"containers":[{{{container}}}],
            "restartPolicy":"Always","dnsPolicy":"ClusterFirst","securityContext":{},"schedulerName":"default-scheduler"}}
            """;
        return ObjectJson.Decode<V1PodTemplateSpec>(Encoding.UTF8.GetBytes(json));
    }
}
