using System.Text.Json.Nodes;
using Flotilla.Api.GoTypes;

namespace Flotilla.Api.Tests.GoTypes;

/// <summary>A pod of one plain container with its token volume; a real API server gave the same hunks for these changes.</summary>
public sealed class GoDifferenceTests
{
    private const string Stored = """
        {"volumes":[{"name":"kube-api-access-qdscf","projected":{"defaultMode":420,"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"} },
        {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]} },
        {"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"} }]} }]} }],
        "containers":[{"name":"nginx","image":"nginx","resources":{},"imagePullPolicy":"Always","terminationMessagePath":"/dev/termination-log",
        "terminationMessagePolicy":"File","volumeMounts":[{"name":"kube-api-access-qdscf","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}]}],
        "restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","serviceAccount":"default",
        "securityContext":{},"schedulerName":"default-scheduler","priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"}
        """;

    [Fact]
    public void One_field_stands_at_its_line_among_all_others()
    {
        var (before, after) = (Spec(), Spec());
        after["nodeName"] = "node01";
        Assert.Equal(
            """
            @@ -140,7 +140,7 @@
              "NodeSelector": null,
              "ServiceAccountName": "default",
              "AutomountServiceAccountToken": null,
            - "NodeName": "",
            + "NodeName": "node01",
              "SecurityContext": {
               "HostNetwork": false,
               "HostPID": false,

            """,
            GoDifference.Text("PodSpec", before, after));
    }

    [Fact]
    public void Several_changes_make_the_hunks_upstream_makes()
    {
        var (before, after) = (Spec(), Spec());
        after["nodeName"] = "node01";
        after.Remove("volumes");
        after.Remove("serviceAccountName");
        after["containers"]![0]!.AsObject().Remove("volumeMounts");
        var hunks = GoDifference.Text("PodSpec", before, after).Split('\n').Where(line => line.StartsWith("@@", StringComparison.Ordinal));
        Assert.Equal(["@@ -1,93 +1,5 @@", "@@ -107,17 +19,7 @@", "@@ -138,9 +40,9 @@"], hunks);
    }

    [Fact]
    public void What_the_pod_shares_with_its_host_shows_in_the_security_context()
    {
        var (before, after) = (Spec(), Spec());
        after["hostNetwork"] = true;
        Assert.Contains("\n  \"SecurityContext\": {\n-  \"HostNetwork\": false,\n+  \"HostNetwork\": true,\n   \"HostPID\": false,\n", GoDifference.Text("PodSpec", before, after), StringComparison.Ordinal);
    }

    private static JsonObject Spec() => JsonNode.Parse(Stored)!.AsObject();
}
