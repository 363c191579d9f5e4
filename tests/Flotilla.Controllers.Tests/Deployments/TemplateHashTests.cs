using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.GoTypes;
using Flotilla.Controllers.Deployments;
using Flotilla.Controllers.TemplateHistory;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Deployments;

/// <summary>The hashes are those a real v1.36.2 gave the same templates.</summary>
public sealed class TemplateHashTests
{
    private const string Defaults = """
        "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","resources":{}
        """;

    private const string ClusterDns = """
        {"metadata":{"labels":{"k8s-app":"kube-dns"}},"spec":{
        "affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,"podAffinityTerm":{
          "labelSelector":{"matchExpressions":[{"key":"k8s-app","operator":"In","values":["kube-dns"]}]},"topologyKey":"kubernetes.io/hostname"}}]}},
        "containers":[{"name":"coredns","image":"registry.k8s.io/coredns/coredns:VERSION","imagePullPolicy":"IfNotPresent",
          "args":["-conf","/etc/coredns/Corefile"],
          "resources":{"limits":{"memory":"170Mi"},"requests":{"cpu":"100m","memory":"70Mi"}},
          "volumeMounts":[{"name":"config-volume","mountPath":"/etc/coredns","readOnly":true}],
          "ports":[{"containerPort":53,"name":"dns","protocol":"UDP"},{"containerPort":53,"name":"dns-tcp","protocol":"TCP"},
            {"containerPort":9153,"name":"metrics","protocol":"TCP"},{"containerPort":8080,"name":"liveness-probe","protocol":"TCP"},
            {"containerPort":8181,"name":"readiness-probe","protocol":"TCP"}],
          "livenessProbe":{"httpGet":{"path":"/health","port":"liveness-probe","scheme":"HTTP"},
            "initialDelaySeconds":60,"timeoutSeconds":5,"periodSeconds":10,"successThreshold":1,"failureThreshold":5},
          "readinessProbe":{"httpGet":{"path":"/ready","port":"readiness-probe","scheme":"HTTP"},
            "timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},
          "securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"add":["NET_BIND_SERVICE"],"drop":["ALL"]},"readOnlyRootFilesystem":true},
          "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],
        "dnsPolicy":"Default","nodeSelector":{"kubernetes.io/os":"linux"},"priorityClassName":"system-cluster-critical",
        "restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{},
        "serviceAccount":"coredns","serviceAccountName":"coredns","terminationGracePeriodSeconds":30,
        "tolerations":[{"key":"CriticalAddonsOnly","operator":"Exists"},{"key":"node-role.kubernetes.io/control-plane","effect":"NoSchedule"}],
        "volumes":[{"name":"config-volume","configMap":{"name":"coredns","items":[{"key":"Corefile","path":"Corefile"}],"defaultMode":420}}]}}
        """;

    [Fact]
    public void Of_a_plain_container_is_upstreams()
    {
        var template = Template("a", """
            "containers":[{"name":"c","image":"nginx","imagePullPolicy":"Always",
            """ + Defaults + """
            }],"terminationGracePeriodSeconds":30
            """);
        Assert.Equal("75cc9948db", TemplateHash.Compute(template, null));
    }

    [Theory]
    [InlineData("d-ok", "docker.io/library/busybox:latest", "698b79d9f7")]
    [InlineData("d-bad", "registry.invalid/none:1", "67b5f44bf6")]
    public void Of_a_container_with_a_command_is_upstreams(string app, string image, string hash)
    {
        var template = Template(app, $$"""
            "automountServiceAccountToken":false,"terminationGracePeriodSeconds":1,
            "containers":[{"name":"c","image":"{{image}}","imagePullPolicy":"IfNotPresent","command":["sleep","3600"],
            """ + Defaults + "}]");
        Assert.Equal(hash, TemplateHash.Compute(template, null));
    }

    /// <summary>Quantities, probes, affinity and volumes; the cluster's own DNS, as kubeadm names it in two earlier versions.</summary>
    [Theory]
    [InlineData("v1.12.1", "", "66bc5c9577")]
    [InlineData("v1.13.1", " WorkloadRef:(*v1.WorkloadReference)<nil>", "7d764666f9")]
    public void Of_a_large_template_is_upstreams_but_for_the_field_new_since(string version, string field, string hash)
    {
        var template = JsonNode.Parse(ClusterDns.Replace("VERSION", version, StringComparison.Ordinal))!.AsObject();
        var dump = GoDump.PodTemplate(template).Replace(" SchedulingGroup:(*v1.PodSchedulingGroup)<nil>", field, StringComparison.Ordinal);
        Assert.Equal(hash, Fnv.Spell(Fnv.Hash1a(Fnv.Start, Encoding.UTF8.GetBytes(dump))));
    }

    private static V1PodTemplateSpec Template(string app, string spec)
    {
        var json = $$$"""{"metadata":{"labels":{"app":"{{{app}}}"}},"spec":{"restartPolicy":"Always","dnsPolicy":"ClusterFirst","securityContext":{},"schedulerName":"default-scheduler",{{{spec}}} }}""";
        return ObjectJson.Decode<V1PodTemplateSpec>(Encoding.UTF8.GetBytes(json));
    }
}
