using Flotilla.Api.Kinds;

namespace Flotilla.Api.Tests.Kinds;

/// <summary>One fragment of a pod, and what upstream says about it.</summary>
public sealed class PodRefusalTests
{
    private const string Label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    [Theory]
    [InlineData("""{"containers":[{"name":"c"}]}""", "spec.containers[0].image: Required value")]
    [InlineData("""{"containers":[{"name":"c","image":" i"}]}""", "spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing whitespace")]
    [InlineData("""{"containers":[{"name":"c","image":"i"},{"name":"c","image":"i"}]}""", "spec.containers[1].name: Duplicate value: \"c\"")]
    [InlineData("""{"initContainers":[{"name":"c","image":"i"}]}""", "spec.initContainers[0].name: Duplicate value: \"c\"")]
    [InlineData("""{"containers":[{"name":"C","image":"i"}]}""", "spec.containers[0].name: Invalid value: \"C\": " + Label)]
    [InlineData("""{"containers":[{"name":"c","image":"i","ports":[{"containerPort":1,"hostPort":5},{"containerPort":2,"hostPort":5}]}]}""", "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//5\"")]
    [InlineData("""{"hostNetwork":true,"containers":[{"name":"c","image":"i","ports":[{"containerPort":1,"hostPort":5}]}]}""", "spec.containers[0].ports[0].hostPort: Invalid value: 5: must match `containerPort` when `hostNetwork` is true")]
    [InlineData("""{"containers":[{"name":"c","image":"i","env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"spec.x"}}}]}]}""", "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x\": error converting fieldPath: field label not supported: spec.x")]
    [InlineData("""{"containers":[{"name":"c","image":"i","env":[{"name":"A","value":"v","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}]}""", "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty")]
    [InlineData("""{"containers":[{"name":"c","image":"i","envFrom":[{}]}]}""", "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`")]
    [InlineData("""{"containers":[{"name":"c","image":"i","resources":{"requests":{"gpu":"1"}}}]}""", "spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully qualified|spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource for containers")]
    [InlineData("""{"containers":[{"name":"c","image":"i","resources":{"limits":{"hugepages-2Mi":"3Mi"}}}]}""", "spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi|spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi|spec.containers[0].resources: Forbidden: HugePages require cpu or memory")]
    [InlineData("""{"containers":[{"name":"c","image":"i","resources":{"requests":{"x.io/gpu":"1"}}}]}""", "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources")]
    [InlineData("""{"containers":[{"name":"c","image":"i","resources":{"claims":[{"name":"x"}]}}]}""", "spec.containers[0].resources.claims[0]: Not found: \"x\": must be one of the names in pod.spec.resourceClaims which is empty")]
    [InlineData("""{"containers":[{"name":"c","image":"i","livenessProbe":{}}]}""", "spec.containers[0].livenessProbe: Required value: must specify a handler type")]
    [InlineData("""{"containers":[{"name":"c","image":"i","livenessProbe":{"exec":{"command":["a"]},"successThreshold":2}}]}""", "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1")]
    [InlineData("""{"containers":[{"name":"c","image":"i","lifecycle":{"preStop":{"sleep":{"seconds":31}}}}]}""", "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)")]
    [InlineData("""{"initContainers":[{"name":"d","image":"i","readinessProbe":{"exec":{"command":["a"]}}}]}""", "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always")]
    [InlineData("""{"containers":[{"name":"c","image":"i","restartPolicyRules":[{"action":"Restart","exitCodes":{"operator":"In","values":[1]}}]}]}""", "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used")]
    [InlineData("""{"containers":[{"name":"c","image":"i","restartPolicy":"Never","restartPolicyRules":[{"action":"Stop","exitCodes":{"operator":"Is","values":[1]}}]}]}""", "spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"Stop\": supported values: \"Restart\", \"RestartAllContainers\"|spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: \"Is\": supported values: \"In\", \"NotIn\"")]
    [InlineData("""{"containers":[{"name":"c","image":"i","securityContext":{"privileged":true,"allowPrivilegeEscalation":false}}]}""", "spec.containers[0].securityContext: Invalid value: {\"Capabilities\":null,\"Privileged\":true,\"SELinuxOptions\":null,\"WindowsOptions\":null,\"RunAsUser\":null,\"RunAsGroup\":null,\"RunAsNonRoot\":null,\"ReadOnlyRootFilesystem\":null,\"AllowPrivilegeEscalation\":false,\"ProcMount\":null,\"SeccompProfile\":null,\"AppArmorProfile\":null}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true")]
    [InlineData("""{"securityContext":{"runAsUser":-1}}""", "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive")]
    [InlineData("""{"securityContext":{"seccompProfile":{"type":"Localhost"}}}""", "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost")]
    [InlineData("""{"securityContext":{"sysctls":[{"name":"a b","value":""}]}}""", "spec.securityContext.sysctls[0].name: Invalid value: \"a b\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$")]
    [InlineData("""{"hostUsers":false,"hostPID":true}""", "spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false")]
    [InlineData("""{"os":{"name":"dos"}}""", "spec.os: Unsupported value: \"dos\": supported values: \"linux\", \"windows\"")]
    [InlineData("""{"os":{"name":"windows"},"securityContext":{"runAsUser":1}}""", "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod")]
    [InlineData("""{"securityContext":{"windowsOptions":{"runAsUserName":""}}}""", "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \"\": runAsUserName cannot be an empty string")]
    [InlineData("""{"securityContext":{"windowsOptions":{"runAsUserName":"a\\b\\c"}}}""", "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \"a\\\\b\\\\c\": runAsUserName cannot contain more than one backslash")]
    [InlineData("""{"securityContext":{"windowsOptions":{"runAsUserName":".bad domain name that is long\\u"}}}""", "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \".bad domain name that is long\\\\u\": runAsUserName's Domain doesn't match the NetBios nor the DNS format")]
    [InlineData("""{"securityContext":{"windowsOptions":{"runAsUserName":"CONTOSO\\"}}}""", "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \"CONTOSO\\\\\": runAsUserName's User cannot be empty")]
    [InlineData("""{"securityContext":{"windowsOptions":{"runAsUserName":". ."}}}""", "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \". .\": runAsUserName's User cannot contain only periods or spaces")]
    [InlineData("""{"dnsPolicy":"None"}""", "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None")]
    [InlineData("""{"hostAliases":[{"ip":"1.2","hostnames":["a"]}]}""", "spec.hostAliases[0].ip: Invalid value: \"1.2\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    [InlineData("""{"schedulingGates":[{"name":"a/b"},{"name":"a/b"}]}""", "spec.schedulingGates[1]: Duplicate value: \"a/b\"")]
    [InlineData("""{"nodeName":"n","schedulingGates":[{"name":"a/b"}]}""", "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared")]
    [InlineData("""{"ephemeralContainers":[{"name":"e","image":"i"}]}""", "spec.ephemeralContainers: Forbidden: cannot be set on create")]
    [InlineData("""{"topologySpreadConstraints":[{"maxSkew":0,"topologyKey":"z","whenUnsatisfiable":"Maybe"}]}""", "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero|spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Maybe\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\"")]
    [InlineData("""{"tolerations":[{"operator":"Equal"}]}""", "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"")]
    [InlineData("""{"resourceClaims":[{"name":"g"}]}""", "spec.resourceClaims[0]: Invalid value: {\"Name\":\"g\",\"ResourceClaimName\":null,\"ResourceClaimTemplateName\":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[]}}}}""", "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term")]
    [InlineData("""{"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"z","matchLabelKeys":["a"]}]}}}""", "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set")]
    [InlineData("""{"resources":{"requests":{"cpu":"1"}},"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"2"}}}]}""", "spec.resources.requests[cpu]: Invalid value: \"1\": must be greater than or equal to aggregate container requests of 2")]
    [InlineData("""{"overhead":{"x":"1"}}""", "spec.overhead.limits[x]: Invalid value: \"x\": must be a standard resource type or fully qualified|spec.overhead.limits[x]: Invalid value: \"x\": must be a standard resource for containers")]
    public void Says_what_is_wrong(string spec, string errors)
    {
        var text = spec.Contains("\"containers\"", StringComparison.Ordinal) ? spec : spec[..^1] + ""","containers":[{"name":"c","image":"i"}]}""";

        Assert.Equal(errors.Split('|'), Given.Errors("pods", $$"""{"metadata":{"name":"x"},"spec":{{text}}}"""));
    }

    [Theory]
    [InlineData("""{}""", "")]
    [InlineData("""{"hostPath":{}}""", "spec.volumes[0].hostPath.path: Required value")]
    [InlineData("""{"hostPath":{"path":"/a/../b"}}""", "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'")]
    [InlineData("""{"hostPath":{"path":"/a","type":"Folder"}}""", "spec.volumes[0].hostPath.type: Unsupported value: \"Folder\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"")]
    [InlineData("""{"secret":{"secretName":"s","defaultMode":9999}}""", "spec.volumes[0].secret.defaultMode: Invalid value: 9999: must be a number between 0 and 0777 (octal), both inclusive")]
    [InlineData("""{"configMap":{"items":[{"key":"k","path":"..x"}]}}""", "spec.volumes[0].configMap.name: Required value|spec.volumes[0].configMap.items[0].path: Invalid value: \"..x\": must not start with '..'")]
    [InlineData("""{"emptyDir":{"sizeLimit":"-1"}}""", "spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity")]
    [InlineData("""{"nfs":{"server":"s","path":"a"}}""", "spec.volumes[0].nfs.path: Invalid value: \"a\": must be an absolute path")]
    [InlineData("""{"downwardAPI":{"items":[{"path":"p"}]}}""", "spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required")]
    [InlineData("""{"downwardAPI":{"items":[{"path":"p","resourceFieldRef":{"resource":"limits.cpu"}}]}}""", "spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value")]
    [InlineData("""{"projected":{"sources":[{"secret":{"name":"a","items":[{"key":"k","path":"p"}]}},{"configMap":{"name":"b","items":[{"key":"k","path":"p"}]}}]}}""", "spec.volumes[0].projected: Invalid value: \"b\": conflicting duplicate paths")]
    [InlineData("""{"projected":{"sources":[{"secret":{"name":"a"},"configMap":{"name":"b"}}]}}""", "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source")]
    [InlineData("""{"projected":{"sources":[{"serviceAccountToken":{"path":"t","expirationSeconds":1}}]}}""", "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes")]
    [InlineData("""{"persistentVolumeClaim":{}}""", "spec.volumes[0].persistentVolumeClaim.claimName: Required value")]
    [InlineData("""{"csi":{}}""", "spec.volumes[0].csi.driver: Required value")]
    [InlineData("""{"iscsi":{"targetPortal":"p","iqn":"x","lun":300}}""", "spec.volumes[0].iscsi.iqn: Invalid value: \"x\": must be valid format starting with iqn, eui, or naa|spec.volumes[0].iscsi.lun: Invalid value: 300: must be between 0 and 255, inclusive")]
    [InlineData("""{"ephemeral":{}}""", "spec.volumes[0].ephemeral.volumeClaimTemplate: Required value")]
    [InlineData("""{"image":{}}""", "spec.volumes[0].image.reference: Required value")]
    [InlineData("""{"secret":{"secretName":"s"},"emptyDir":{}}""", "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type")]
    public void Judges_volumes(string source, string errors)
    {
        var volume = source == "{}" ? """{"name":"v"}""" : """{"name":"v",""" + source[1..];

        Assert.Equal(errors.Split('|', StringSplitOptions.RemoveEmptyEntries),
            Given.Errors("pods", $$$"""{"metadata":{"name":"x"},"spec":{"serviceAccountName":"s","volumes":[{{{volume}}}],"containers":[{"name":"c","image":"i"}]}}"""));
    }

    [Theory]
    [InlineData("""{"name":"v"}""", "spec.containers[0].volumeMounts[0].mountPath: Required value")]
    [InlineData("""{"name":"v","mountPath":"/a","subPath":"/b"}""", "spec.containers[0].volumeMounts.subPath: Invalid value: \"/b\": must be a relative path")]
    [InlineData("""{"name":"v","mountPath":"/a","subPath":"b","subPathExpr":"c"}""", "spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"c\": subPathExpr and subPath are mutually exclusive")]
    [InlineData("""{"name":"v","mountPath":"/a","mountPropagation":"Bidirectional"}""", "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers")]
    [InlineData("""{"name":"v","mountPath":"/a","recursiveReadOnly":"Enabled"}""", "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true")]
    [InlineData("""{"name":"v","mountPath":"/a"},{"name":"v","mountPath":"/a"}""", "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique")]
    public void Judges_mounts(string mounts, string errors) => Assert.Equal(errors.Split('|'),
        Given.Errors("pods", $$$"""{"metadata":{"name":"x"},"spec":{"volumes":[{"name":"v"}],"containers":[{"name":"c","image":"i","volumeMounts":[{{{mounts}}}]}]}}"""));
}
