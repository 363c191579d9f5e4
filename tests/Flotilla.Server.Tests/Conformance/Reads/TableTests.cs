using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Reads;

/// <summary>Servers with support for Table transformation.</summary>
public sealed class TableTests(ApiHost host)
{
    /// <summary>Path, then columns: name, <c>:type</c> unless string, <c>@format</c>, <c>+priority</c>.</summary>
    private const string Columns = """
        /api/v1/componentstatuses Name@name | Status | Message | Error
        /api/v1/configmaps Name@name | Data | Age
        /api/v1/endpoints Name@name | Endpoints | Age
        /api/v1/events Last Seen | Type | Reason | Object | Subobject+1 | Source+1 | Message | First Seen+1 | Count+1 | Name@name+1
        /api/v1/limitranges Name@name | Created At:date
        /api/v1/namespaces Name@name | Status | Age
        /api/v1/nodes Name@name | Status | Roles | Age | Version | Internal-IP+1 | External-IP+1 | OS-Image+1 | Kernel-Version+1 | Container-Runtime+1
        /api/v1/persistentvolumeclaims Name@name | Status | Volume | Capacity | Access Modes | StorageClass | VolumeAttributesClass | Age | VolumeMode+1
        /api/v1/persistentvolumes Name@name | Capacity | Access Modes | Reclaim Policy | Status | Claim | StorageClass | VolumeAttributesClass | Reason | Age | VolumeMode+1
        /api/v1/pods Name@name | Ready | Status | Restarts | Age | IP+1 | Node+1 | Nominated Node+1 | Readiness Gates+1
        /api/v1/podtemplates Name@name | Containers | Images | Pod Labels
        /api/v1/replicationcontrollers Name@name | Desired:integer | Current:integer | Ready:integer | Age | Containers+1 | Images+1 | Selector+1
        /api/v1/resourcequotas Name@name | Request | Limit | Age
        /api/v1/secrets Name@name | Type | Data | Age
        /api/v1/serviceaccounts Name@name | Age
        /api/v1/services Name@name | Type | Cluster-IP | External-IP | Port(s) | Age | Selector+1
        /apis/apiregistration.k8s.io/v1/apiservices Name@name | Service | Available | Age
        /apis/apps/v1/controllerrevisions Name@name | Controller | Revision | Age
        /apis/apps/v1/daemonsets Name@name | Desired:integer | Current:integer | Ready:integer | Up-to-date:integer | Available:integer | Node Selector | Age | Containers+1 | Images+1 | Selector+1
        /apis/apps/v1/deployments Name@name | Ready | Up-to-date | Available | Age | Containers+1 | Images+1 | Selector+1
        /apis/apps/v1/replicasets Name@name | Desired:integer | Current:integer | Ready:integer | Age | Containers+1 | Images+1 | Selector+1
        /apis/apps/v1/statefulsets Name@name | Ready | Age | Containers+1 | Images+1
        /apis/events.k8s.io/v1/events Last Seen | Type | Reason | Object | Subobject+1 | Source+1 | Message | First Seen+1 | Count+1 | Name@name+1
        /apis/autoscaling/v2/horizontalpodautoscalers Name@name | Reference | Targets | MinPods | MaxPods | Replicas | Age
        /apis/autoscaling/v1/horizontalpodautoscalers Name@name | Reference | Targets | MinPods | MaxPods | Replicas | Age
        /apis/batch/v1/cronjobs Name@name | Schedule | Timezone | Suspend:boolean | Active:integer | Last Schedule | Age | Containers+1 | Images+1 | Selector+1
        /apis/batch/v1/jobs Name@name | Status | Completions | Duration | Age | Containers+1 | Images+1 | Selector+1
        /apis/certificates.k8s.io/v1/certificatesigningrequests Name@name | Age | SignerName | Requestor | RequestedDuration | Condition
        /apis/networking.k8s.io/v1/ingressclasses Name@name | Controller | Parameters | Age
        /apis/networking.k8s.io/v1/ingresses Name@name | Class | Hosts | Address | Ports | Age
        /apis/networking.k8s.io/v1/ipaddresses Name@name | ParentRef
        /apis/networking.k8s.io/v1/networkpolicies Name@name | Pod-Selector | Age
        /apis/networking.k8s.io/v1/servicecidrs Name@name | CIDRs | Age
        /apis/policy/v1/poddisruptionbudgets Name@name | Min Available | Max Unavailable | Allowed Disruptions:integer | Age
        /apis/rbac.authorization.k8s.io/v1/clusterrolebindings Name@name | Role | Age | Users+1 | Groups+1 | ServiceAccounts+1
        /apis/rbac.authorization.k8s.io/v1/clusterroles Name@name | Created At:date
        /apis/rbac.authorization.k8s.io/v1/rolebindings Name@name | Role | Age | Users+1 | Groups+1 | ServiceAccounts+1
        /apis/rbac.authorization.k8s.io/v1/roles Name@name | Created At:date
        /apis/storage.k8s.io/v1/csidrivers Name@name | AttachRequired:boolean | PodInfoOnMount:boolean | StorageCapacity:boolean | TokenRequests | RequiresRepublish:boolean | Modes | Age
        /apis/storage.k8s.io/v1/csinodes Name@name | Drivers:integer | Age
        /apis/storage.k8s.io/v1/csistoragecapacities Name@name | Created At:date
        /apis/storage.k8s.io/v1/storageclasses Name@name | Provisioner | ReclaimPolicy | VolumeBindingMode | AllowVolumeExpansion | Age
        /apis/storage.k8s.io/v1/volumeattachments Name@name | Attacher@name | PV | Node | Attached:boolean | Age
        /apis/storage.k8s.io/v1/volumeattributesclasses Name@name | DriverName | Age
        /apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies Name@name | Mutations:integer | ParamKind | Age
        /apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings Name@name | PolicyName | ParamRef | Age
        /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations Name@name | Webhooks:integer | Age
        /apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies Name@name | Validations:integer | ParamKind | Age
        /apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings Name@name | PolicyName | ParamRef | Age
        /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations Name@name | Webhooks:integer | Age
        /apis/apiextensions.k8s.io/v1/customresourcedefinitions Name@name | Created At:date
        /apis/scheduling.k8s.io/v1/priorityclasses Name@name | Value:integer | Global-Default:boolean | Age | PreemptionPolicy
        /apis/coordination.k8s.io/v1/leases Name@name | Holder | Age
        /apis/node.k8s.io/v1/runtimeclasses Name@name | Handler | Age
        /apis/discovery.k8s.io/v1/endpointslices Name@name | AddressType | Ports | Endpoints | Age
        /apis/resource.k8s.io/v1/deviceclasses Name@name | Age
        /apis/resource.k8s.io/v1/resourceclaims Name@name | State | Age
        /apis/resource.k8s.io/v1/resourceclaimtemplates Name@name | Age
        /apis/resource.k8s.io/v1/resourceslices Name@name | Node | Driver | Pool | Age
        /apis/flowcontrol.apiserver.k8s.io/v1/flowschemas Name@name | PriorityLevel | MatchingPrecedence | DistinguisherMethod | Age | MissingPL
        /apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations Name@name | Type | NominalConcurrencyShares | Queues | HandSize | QueueLengthLimit | Age
        """;

    public static TheoryData<string> Tables => [.. Columns.Split('\n', StringSplitOptions.TrimEntries)];

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Shows_the_columns_of_every_resource(string line)
    {
        var at = line.IndexOf(' ', StringComparison.Ordinal);
        var reply = (await host.Admin.GetAsync(line[..at] + "?limit=1", ApiCaller.Table)).Expect(200);
        var columns = (JsonArray)reply["columnDefinitions"]!;
        Assert.Equal(line[(at + 1)..], string.Join(" | ", columns.Select(Describe)));
        Assert.Equal("Table", (string?)reply["kind"]);
        Assert.Equal("meta.k8s.io/v1", (string?)reply["apiVersion"]);
    }

    [Fact]
    public async Task Returns_pod_details()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Expect(201);
        var table = (await host.Admin.GetAsync($"/api/v1/namespaces/{space}/pods/p", ApiCaller.Table)).Expect(200);
        Assert.Equal("Name", (string?)table["columnDefinitions.0.name"]);
        Assert.Equal("p", (string?)table["rows.0.cells.0"]);
        Assert.Equal("PartialObjectMetadata", (string?)table["rows.0.object.kind"]);
        Assert.Equal("p", (string?)table["rows.0.object.metadata.name"]);
    }

    [Fact]
    public async Task Returns_chunks_of_table_results()
    {
        var space = await host.SpaceAsync();
        for (var i = 0; i < 20; i++)
        {
            (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/podtemplates", $$"""{"metadata":{"name":"template-{{i:D2}}"},"template":{"spec":{"containers":[{"name":"c","image":"i"}]} } }""")).Expect(201);
        }

        var (names, token) = (new List<string>(), "");
        do
        {
            var page = (await host.Admin.GetAsync($"/api/v1/namespaces/{space}/podtemplates?limit=7&continue={token}", ApiCaller.Table)).Expect(200);
            names.AddRange(((JsonArray)page["rows"]!).Select(row => (string)row!["cells"]![0]!));
            token = (string?)page["metadata.continue"] ?? "";
        }
        while (token.Length > 0);

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"template-{i:D2}"), names);
    }

    [Fact]
    public async Task Returns_the_metadata_of_a_backend_without_columns_of_its_own()
    {
        var space = await host.SpaceAsync();
        var path = $"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}/roles";
        (await host.Admin.PostAsync(path, """{"metadata":{"name":"r"}}""")).Expect(201);
        var table = (await host.Admin.GetAsync(path + "/r?includeObject=Object", ApiCaller.Table)).Expect(200);
        Assert.Equal("Role", (string?)table["rows.0.object.kind"]);
        Assert.Equal(2, ((JsonArray)table["rows.0.cells"]!).Count);
    }

    [Fact]
    public async Task Returns_a_406_for_a_backend_which_does_not_implement_metadata() =>
        (await host.Admin.SendAsync(HttpMethod.Post, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """{"spec":{"resourceAttributes":{"namespace":"default","verb":"get","resource":"configmaps"}}}""", accept: ApiCaller.Table)).Expect(406);

    [Fact]
    public async Task Leaves_the_object_out_when_asked_to()
    {
        var table = (await host.Admin.GetAsync("/api/v1/namespaces/default?includeObject=None", ApiCaller.Table)).Expect(200);
        Assert.Null(table["rows.0.object"]);
        var refused = (await host.Admin.GetAsync("/api/v1/namespaces?includeObject=Half", ApiCaller.Table)).Expect(400);
        Assert.Equal("Unable to convert to Table as requested: includeObject: Invalid value: \"Half\": must be 'Metadata', 'Object', 'None', or empty", refused.Message);
    }

    [Theory]
    [InlineData("application/json;as=Table;g=example.com;v=v1")]
    [InlineData("application/json;as=Table;g=meta.k8s.io;v=v2")]
    [InlineData("application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1")]
    public async Task Refuses_tables_it_does_not_offer(string accept)
    {
        var refused = (await host.Admin.GetAsync("/api/v1/namespaces", accept)).Expect(406);
        Assert.Equal("only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf", refused.Message);
        (await host.Admin.GetAsync("/api/v1/namespaces", accept + ",application/json")).Expect(200);
    }

    [Fact]
    public async Task Watches_as_tables_with_columns_in_the_first_only()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/configmaps", """{"metadata":{"name":"a"}}""")).Expect(201);
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/configmaps", """{"metadata":{"name":"b"}}""")).Expect(201);
        var seen = new List<JsonObject>();
        await foreach (var change in host.Admin.WatchAsync($"/api/v1/namespaces/{space}/configmaps?watch=1&fieldSelector=metadata.name!%3Dkube-root-ca.crt&timeoutSeconds=1", accept: ApiCaller.Table))
        {
            seen.Add(change);
        }

        Assert.Equal(["a", "b"], seen.Select(change => (string?)change["object"]!["rows"]![0]!["cells"]![0]));
        Assert.Equal([true, false], seen.Select(change => change["object"]!["columnDefinitions"] is JsonArray));
    }

    private static string Describe(JsonNode? column)
    {
        string Part(string name) => (string)column![name]!;
        return Part("name") + (Part("type") == "string" ? "" : ":" + Part("type")) + (Part("format").Length == 0 ? "" : "@" + Part("format")) + ((int)column!["priority"]! == 0 ? "" : $"+{column["priority"]}");
    }
}
