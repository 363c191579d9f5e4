using Flotilla.Api.Json;

namespace Flotilla.Api.Tests.Kinds;

/// <summary>Objects of every group with one mistake, and what upstream says about it.</summary>
public sealed class KindRefusalTests
{
    private const string Template = "\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";
    private const string Claim = "\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"1\"}}";
    private const string Volume = "\"accessModes\":[\"ReadWriteOnce\"],\"capacity\":{\"storage\":\"1\"}";
    private const string Domain = "must be a domain-prefixed path (such as \"acme.io/foo\")";

    [Theory]
    [InlineData("services", """{"spec":{"type":"ExternalName"}}""", "spec.externalName: Required value")]
    [InlineData("services", """{"spec":{"type":"ExternalName","externalName":"a.b.","clusterIP":"None"}}""", "spec.clusterIPs: Forbidden: may not be set for ExternalName services")]
    [InlineData("services", """{"spec":{"ports":[]}}""", "spec.ports: Required value")]
    [InlineData("services", """{"spec":{"type":"LoadBalancer","clusterIP":"None","ports":[{"port":80}]}}""", "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services")]
    [InlineData("services", """{"spec":{"ports":[{"port":80,"nodePort":30000}]}}""", "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'")]
    [InlineData("services", """{"spec":{"ports":[{"port":80}],"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":0}}}}""", "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400")]
    [InlineData("services", """{"spec":{"ports":[{"port":80}],"externalIPs":["127.0.0.1"]}}""", "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)")]
    [InlineData("services", """{"spec":{"ports":[{"port":80}],"ipFamilies":["IPv5"],"ipFamilyPolicy":"Some"}}""", "spec.ipFamilies[0]: Unsupported value: \"IPv5\": supported values: \"IPv4\", \"IPv6\"|spec.ipFamilyPolicy: Unsupported value: \"Some\": supported values: \"PreferDualStack\", \"RequireDualStack\", \"SingleStack\"")]
    [InlineData("services", """{"spec":{"ports":[{"port":80}],"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1","10.0.0.2"]}}""", "spec.clusterIPs: Invalid value: [\"10.0.0.1\",\"10.0.0.2\"]: may specify no more than one IP for each IP family")]
    [InlineData("services", """{"spec":{"ports":[{"port":80}],"loadBalancerClass":"a/b","allocateLoadBalancerNodePorts":true}}""", "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'|spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'")]
    [InlineData("services", """{"spec":{"ports":[{"port":80}],"externalTrafficPolicy":"Local"}}""", "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services")]
    [InlineData("services", """{"spec":{"ports":[{"port":80}],"healthCheckNodePort":30000}}""", "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")]
    [InlineData("services", """{"spec":{"ports":[{"port":80}],"trafficDistribution":"Far"}}""", "spec.trafficDistribution: Unsupported value: \"Far\": supported values: \"PreferClose\", \"PreferSameNode\", \"PreferSameZone\"")]
    [InlineData("endpoints", """{"subsets":[{}]}""", "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`")]
    [InlineData("endpoints", """{"subsets":[{"addresses":[{"ip":"169.254.1.1"}],"ports":[{"port":1},{"port":2,"name":"b"}]}]}""", "subsets[0].addresses[0].ip: Invalid value: \"169.254.1.1\": may not be in the link-local range (169.254.0.0/16, fe80::/10)|subsets[0].ports[0].name: Required value")]
    [InlineData("endpointslices", """{"addressType":"IPv4","endpoints":[{"addresses":["::1"]}],"ports":[{"name":"a"},{"name":"a"}]}""", "endpoints[0].addresses[0]: Invalid value: \"::1\": must be a valid IPv4 address|endpoints[0].addresses[0]: Invalid value: \"::1\": may not be in the loopback range (127.0.0.0/8, ::1/128)|ports[1].name: Duplicate value: \"a\"")]
    [InlineData("podtemplates", """{"template":{"spec":{}}}""", "template.spec.containers: Required value")]
    [InlineData("replicationcontrollers", """{"spec":{"selector":{"x":"y"},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""", "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`")]
    [InlineData("deployments", "{\"spec\":{" + Template + "}}", "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"")]
    [InlineData("daemonsets", """{"spec":{"selector":{},"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}}}""", "spec.selector: Invalid value: {}: empty selector is invalid for daemonset")]
    [InlineData("statefulsets", """{"spec":{"podManagementPolicy":"Odd","selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"activeDeadlineSeconds":1}}}}""", "spec.podManagementPolicy: Invalid value: \"Odd\": must be 'OrderedReady' or 'Parallel'|spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported")]
    [InlineData("jobs", """{"spec":{"completionMode":"Indexed","template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""", "")]
    [InlineData("jobs", """{"spec":{"parallelism":2,"completionMode":"Indexed","template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""", "spec.completions: Required value: when completion mode is Indexed")]
    [InlineData("jobs", """{"spec":{"managedBy":"me","template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""", "spec.managedBy: Invalid value: \"me\": " + Domain)]
    [InlineData("jobs", """{"spec":{"podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"operator":"In","values":[0]}},{"action":"Count"}]},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""", "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator|spec.podFailurePolicy.rules[1]: Invalid value: \"\": specifying one of OnExitCodes and OnPodConditions is required")]
    [InlineData("jobs", """{"spec":{"successPolicy":{"rules":[{"succeededCount":1}]},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""", "spec.successPolicy: Invalid value: {\"rules\":[{\"succeededCount\":1}]}: requires indexed completion mode")]
    [InlineData("cronjobs", """{"spec":{"schedule":"@daily","jobTemplate":{"spec":{"manualSelector":true,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}""", "spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: \"nil\", \"false\"")]
    [InlineData("limitranges", """{"spec":{"limits":[{"type":"Thing","max":{"cpu":"1"}}]}}""", "spec.limits[0].type: Invalid value: \"Thing\": must be a standard limit type or fully qualified")]
    [InlineData("limitranges", """{"spec":{"limits":[{"type":"Pod","default":{"cpu":"1"}}]}}""", "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'")]
    [InlineData("limitranges", """{"spec":{"limits":[{"type":"Container","min":{"cpu":"1"},"max":{"cpu":"2"},"maxLimitRequestRatio":{"cpu":"3"}}]}}""", "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"3\": ratio 3 is greater than max/min = 2.000000")]
    [InlineData("resourcequotas", """{"spec":{"hard":{"things":"1"}}}""", "spec.hard[things]: Invalid value: \"things\": must be a standard resource type or fully qualified|spec.hard[things]: Invalid value: \"things\": must be a standard resource for quota")]
    [InlineData("resourcequotas", """{"spec":{"hard":{"pods":"1500m"},"scopes":["BestEffort","NotBestEffort"]}}""", "spec.hard[pods]: Invalid value: \"1500m\": must be an integer|spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: conflicting scopes")]
    [InlineData("resourcequotas", """{"spec":{"hard":{"cpu":"1"},"scopes":["BestEffort"]}}""", "spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource")]
    [InlineData("resourcequotas", """{"spec":{"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In"}]}}}""", "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")]
    [InlineData("secrets", """{"type":"kubernetes.io/tls","data":{"tls.crt":""}}""", "data[tls.key]: Required value")]
    [InlineData("secrets", """{"type":"kubernetes.io/dockerconfigjson"}""", "data[.dockerconfigjson]: Required value")]
    [InlineData("secrets", """{"type":"kubernetes.io/basic-auth"}""", "data[username]: Required value|data[password]: Required value")]
    [InlineData("secrets", """{"type":"kubernetes.io/service-account-token"}""", "metadata.annotations[kubernetes.io/service-account.name]: Required value")]
    [InlineData("configmaps", """{"data":{"a":"b"},"binaryData":{"a":""}}""", "data[a]: Invalid value: \"a\": duplicate of key present in binaryData")]
    [InlineData("nodes", """{"spec":{"taints":[{"key":"a","effect":"Go"}],"podCIDRs":["10.0.0.0/8","11.0.0.0/8"]}}""", "metadata.taints[0].effect: Unsupported value: \"Go\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"|spec.podCIDRs: Invalid value: [\"10.0.0.0/8\",\"11.0.0.0/8\"]: may specify no more than one CIDR for each IP family")]
    [InlineData("persistentvolumeclaims", "{\"spec\":{" + Claim + ",\"dataSource\":{\"kind\":\"Thing\",\"name\":\"x\"}}}", "spec.dataSource: Invalid value: \"Thing\": must be 'PersistentVolumeClaim' when referencing the default apiGroup")]
    [InlineData("persistentvolumeclaims", """{"spec":{"accessModes":["Any"],"resources":{"requests":{"storage":"0"}}}}""", "spec.accessModes: Unsupported value: \"Any\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"|spec.resources[storage]: Invalid value: \"0\": must be greater than zero")]
    [InlineData("persistentvolumes", """{"spec":{"hostPath":{"path":"/a"}}}""", "spec.accessModes: Required value|spec.capacity: Required value|spec.capacity: Unsupported value: null: supported values: \"storage\"")]
    [InlineData("persistentvolumes", "{\"spec\":{" + Volume + ",\"local\":{\"path\":\"/a\"}}}", "spec.nodeAffinity: Required value: Local volume requires node affinity")]
    [InlineData("persistentvolumes", "{\"spec\":{" + Volume + ",\"csi\":{\"driver\":\"d\"},\"nfs\":{\"server\":\"s\",\"path\":\"/p\"}}}", "spec.csi: Forbidden: may not specify more than 1 volume type")]
    [InlineData("persistentvolumes", "{\"spec\":{" + Volume + ",\"persistentVolumeReclaimPolicy\":\"Recycle\",\"hostPath\":{\"path\":\"/\"}}}", "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'")]
    [InlineData("storageclasses", """{"reclaimPolicy":"Recycle"}""", "provisioner: Required value|reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\"")]
    [InlineData("csinodes", """{"spec":{"drivers":[{"name":"a","nodeID":"n"},{"name":"a","nodeID":""}]}}""", "spec.drivers[1].nodeID: Required value|spec.drivers[1].name: Duplicate value: \"a\"")]
    [InlineData("csidrivers", """{"spec":{"tokenRequests":[{"audience":"a","expirationSeconds":1}]}}""", "spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes")]
    [InlineData("volumeattachments", """{"spec":{"attacher":"a","nodeName":"n","source":{}}}""", "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName")]
    [InlineData("volumeattributesclasses", """{"driverName":"d"}""", "parameters: Required value: must contain at least one key/value pair")]
    [InlineData("ingresses", """{"spec":{"tls":[{"secretName":"A"}],"defaultBackend":{"service":{"name":"s"}}}}""", "spec.defaultBackend.service.port: Required value: port name or number is required|spec.tls[0].secretName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")]
    [InlineData("ingressclasses", """{"spec":{"controller":"x","parameters":{"kind":"K","name":"n","scope":"Namespace"}}}""", "spec.controller: Invalid value: \"x\": " + Domain + "|spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'")]
    [InlineData("networkpolicies", """{"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/16"]}}],"ports":[{"endPort":5}]}]}}""", "spec.ingress[0].ports[0].endPort: Invalid value: 5: may not be specified when `port` is not specified|spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`")]
    [InlineData("networkpolicies", """{"spec":{"podSelector":{},"policyTypes":["Both"]}}""", "spec.policyTypes[0]: Unsupported value: \"Both\": supported values: \"Ingress\", \"Egress\"")]
    [InlineData("servicecidrs", """{"spec":{"cidrs":["10.0.0.0/8","11.0.0.0/8"]}}""", "spec: Invalid value: [\"10.0.0.0/8\",\"11.0.0.0/8\"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96")]
    [InlineData("runtimeclasses", """{"handler":"h","scheduling":{"tolerations":[{"operator":"Never"}]}}""", "scheduling.tolerations[0].operator: Invalid value: \"Never\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"|scheduling.tolerations[0].operator: Unsupported value: \"Never\": supported values: \"Equal\", \"Exists\"")]
    [InlineData("leases", """{"spec":{"leaseDurationSeconds":0,"preferredHolder":"h"}}""", "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0|spec.preferredHolder: Forbidden: may only be specified when `strategy` is defined")]
    [InlineData("resourceclaims", """{"spec":{"devices":{"requests":[{"name":"a"},{"name":"a","exactly":{"deviceClassName":"c","allocationMode":"All","count":2}}]}}}""", "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required|spec.devices.requests[1].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'|spec.devices.requests[1]: Duplicate value: \"a\"")]
    [InlineData("resourceclaimtemplates", """{"spec":{"spec":{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":""}}]}}}}""", "spec.spec.devices.requests[0].exactly.deviceClassName: Required value")]
    [InlineData("resourceslices", """{"spec":{"driver":"d","pool":{"name":"p","resourceSliceCount":0},"nodeName":"n","allNodes":true}}""", "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero|spec: Invalid value: \"{`nodeName`, `allNodes`}\": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set")]
    public void Says_what_is_wrong(string plural, string item, string errors) =>
        Assert.Equal(errors.Split('|', StringSplitOptions.RemoveEmptyEntries), Given.Errors(plural, """{"metadata":{"name":"x"},""" + item[1..]));

    [Theory]
    [InlineData("services", """{"spec":{"ports":[{"port":80}],"clusterIP":"10.0.0.1"}}""", """{"spec":{"ports":[{"port":80}],"clusterIP":"10.0.0.2"}}""", "spec.clusterIPs[0]: Invalid value: [\"10.0.0.2\"]: may not change once set")]
    [InlineData("configmaps", """{"immutable":true,"data":{"a":"b"}}""", """{"data":{"a":"c"}}""", "immutable: Forbidden: field is immutable when `immutable` is set|data: Forbidden: field is immutable when `immutable` is set")]
    [InlineData("secrets", """{"type":"a"}""", """{"type":"b"}""", "type: Invalid value: \"b\": field is immutable")]
    [InlineData("storageclasses", """{"provisioner":"a/b","parameters":{"a":"b"}}""", """{"provisioner":"a/c","volumeBindingMode":"WaitForFirstConsumer"}""", "parameters: Forbidden: updates to parameters are forbidden.|provisioner: Forbidden: updates to provisioner are forbidden.|volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable")]
    [InlineData("nodes", """{"spec":{"providerID":"a","podCIDRs":["10.0.0.0/8"]}}""", """{"spec":{"providerID":"b","podCIDRs":["10.1.0.0/16"]}}""", "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid|spec.providerID: Forbidden: node updates may not change providerID except from \"\" to valid")]
    [InlineData("servicecidrs", """{"spec":{"cidrs":["10.0.0.0/8"]}}""", """{"spec":{"cidrs":["11.0.0.0/8"]}}""", "spec.cidrs: Invalid value: [\"11.0.0.0/8\"]: field is immutable")]
    [InlineData("volumeattributesclasses", """{"driverName":"d","parameters":{"a":"b"}}""", """{"driverName":"d","parameters":{"a":"c"}}""", "parameters: Forbidden: updates to parameters are forbidden.")]
    [InlineData("resourcequotas", """{"spec":{"scopes":["BestEffort"]}}""", """{"spec":{}}""", "spec.scopes: Invalid value: null: field is immutable")]
    public void Refuses_changes(string plural, string before, string after, string errors)
    {
        var kind = Given.Kind(plural);
        var (old, item) = (Given.Created(kind, """{"metadata":{"name":"x"},""" + before[1..]), Given.Created(kind, """{"metadata":{"name":"x"},""" + after[1..]));

        Assert.Equal(errors.Split('|'), Given.Errors(kind, item, old));
    }

    [Theory]
    [InlineData("\"metrics\":[{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"type\":\"Utilization\"}}}]", "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization")]
    [InlineData("\"metrics\":[{\"type\":\"Pods\"}]", "spec.metrics[0].pods: Required value: must populate information for the given metric source")]
    [InlineData("\"minReplicas\":5", "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`")]
    [InlineData("\"behavior\":{\"scaleUp\":{\"stabilizationWindowSeconds\":3601,\"policies\":[{\"type\":\"Half\",\"value\":1,\"periodSeconds\":1}]}}", "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600|spec.behavior.scaleUp.policies[0].type: Unsupported value: \"Half\": supported values: \"Percent\", \"Pods\"")]
    public void Judges_autoscalers(string fields, string errors)
    {
        var kind = Flotilla.Api.Kinds.AutoscalingKinds.V2;
        var item = Given.Created(kind, "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"maxReplicas\":3,\"scaleTargetRef\":{\"kind\":\"Deployment\",\"name\":\"d\"}," + fields + "}}");

        Assert.Equal(errors.Split('|'), Given.Errors(kind, item));
    }

    [Fact]
    public void Only_bound_claims_grow()
    {
        var kind = Given.Kind("persistentvolumeclaims");
        var old = Given.Created(kind, "{\"metadata\":{\"name\":\"x\"},\"spec\":{" + Claim + "}}");
        var item = old.Copy();
        item["spec"]!["resources"]!["requests"]!["storage"] = "2";

        Assert.StartsWith("spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n", Assert.Single(Given.Errors(kind, item, old)), StringComparison.Ordinal);
        old["status"]!["phase"] = "Bound";
        item["status"]!["phase"] = "Bound";
        Assert.Empty(Given.Errors(kind, item, old));
    }
}
