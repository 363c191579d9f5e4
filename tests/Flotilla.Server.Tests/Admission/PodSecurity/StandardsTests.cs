using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Patching;
using Flotilla.Server.Admission.PodSecurity;

namespace Flotilla.Server.Tests.Admission.PodSecurity;

/// <summary>
/// The Pod Security Standards as a table: every value a control allows or refuses, in every place where it can stand,
/// against both levels in every release. Each pod is a good one with that one difference, so the answer is exact.
/// </summary>
public sealed class StandardsTests
{
    private const int Latest = 36;

    private static readonly string[] ContainerLists = ["containers", "initContainers", "ephemeralContainers"];

    // What differs; why the baseline refuses it in which releases; why the restricted level does. "34-" since v1.34,
    // "-19" before v1.19, "19-25" since v1.19 and before v1.25; nothing: never.
    private const string OfPods = """
        {"spec":{"hostNetwork":true}} | host namespaces 0- | host namespaces 0-
        {"spec":{"hostPID":true}} | host namespaces 0- | host namespaces 0-
        {"spec":{"hostIPC":true}} | host namespaces 0- | host namespaces 0-
        {"spec":{"hostNetwork":false,"hostPID":false,"hostIPC":false}} | |
        {"spec":{"hostUsers":true}} | |
        {"spec":{"hostUsers":false}} | |
        {"spec":{"shareProcessNamespace":true}} | |
        {"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/containers":"unconfined"}}} | forbidden AppArmor profile 0- | forbidden AppArmor profile 0-
        {"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/other":"x"}}} | forbidden AppArmor profile 0- | forbidden AppArmor profile 0-
        {"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/containers":"runtime/default"}}} | |
        {"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/containers":"localhost/mine"}}} | |
        {"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/containers":""}}} | |
        {"spec":{"securityContext":{"appArmorProfile":{"type":"Unconfined"}}}} | forbidden AppArmor profile 0- | forbidden AppArmor profile 0-
        {"spec":{"securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}}} | |
        {"spec":{"securityContext":{"appArmorProfile":{"type":"Localhost","localhostProfile":"mine"}}}} | |
        {"spec":{"securityContext":{"seLinuxOptions":{"type":"spc_t"}}}} | seLinuxOptions 0- | seLinuxOptions 0-
        {"spec":{"securityContext":{"seLinuxOptions":{"user":"system_u"}}}} | seLinuxOptions 0- | seLinuxOptions 0-
        {"spec":{"securityContext":{"seLinuxOptions":{"role":"system_r"}}}} | seLinuxOptions 0- | seLinuxOptions 0-
        {"spec":{"securityContext":{"seLinuxOptions":{"type":"container_engine_t"}}}} | seLinuxOptions -31 | seLinuxOptions -31
        {"spec":{"securityContext":{"seLinuxOptions":{"type":"container_t","level":"s0:c1"}}}} | |
        {"spec":{"securityContext":{"seLinuxOptions":{"type":"container_init_t"}}}} | |
        {"spec":{"securityContext":{"seLinuxOptions":{"type":"container_kvm_t"}}}} | |
        {"spec":{"securityContext":{"seccompProfile":{"type":"Unconfined"}}}} | seccompProfile 19- | seccompProfile 19-
        {"spec":{"securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"mine"}}}} | |
        {"spec":{"securityContext":{"seccompProfile":null}}} | | seccompProfile 19-
        {"spec":{"os":{"name":"windows"},"securityContext":{"seccompProfile":null}}} | | seccompProfile 19-25
        {"spec":{"os":{"name":"windows"},"securityContext":{"seccompProfile":{"type":"Unconfined"}}}} | seccompProfile 19- | seccompProfile 19-
        {"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"unconfined"}}} | seccompProfile -19 | seccompProfile -19
        {"metadata":{"annotations":{"container.seccomp.security.alpha.kubernetes.io/containers":"unconfined"}}} | seccompProfile -19 | seccompProfile -19
        {"metadata":{"annotations":{"container.seccomp.security.alpha.kubernetes.io/unknown":"unconfined"}}} | |
        {"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"runtime/default"}}} | |
        {"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"docker/default"}}} | |
        {"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"localhost/mine"}}} | |
        {"spec":{"securityContext":{"windowsOptions":{"hostProcess":true}}}} | hostProcess 0- | hostProcess 0-
        {"spec":{"securityContext":{"windowsOptions":{"hostProcess":false}}}} | |
        {"spec":{"securityContext":{"runAsNonRoot":false}}} | | runAsNonRoot != true 0-
        {"spec":{"securityContext":{"runAsNonRoot":null}}} | | runAsNonRoot != true 0-
        {"spec":{"hostUsers":false,"securityContext":{"runAsNonRoot":null}}} | | runAsNonRoot != true -35
        {"spec":{"securityContext":{"runAsUser":0}}} | | runAsUser=0 23-
        {"spec":{"securityContext":{"runAsUser":1000}}} | |
        {"spec":{"hostUsers":false,"securityContext":{"runAsUser":0}}} | | runAsUser=0 23-35
        {"spec":{"securityContext":{"sysctls":[{"name":"kernel.shm_rmid_forced"},{"name":"net.ipv4.ip_local_port_range"},{"name":"net.ipv4.tcp_syncookies"},{"name":"net.ipv4.ping_group_range"},{"name":"net.ipv4.ip_unprivileged_port_start"}]}}} | |
        {"spec":{"securityContext":{"sysctls":[{"name":"net.ipv4.ip_local_reserved_ports"}]}}} | forbidden sysctls -27 | forbidden sysctls -27
        {"spec":{"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_keepalive_time"}]}}} | forbidden sysctls -29 | forbidden sysctls -29
        {"spec":{"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_fin_timeout"}]}}} | forbidden sysctls -29 | forbidden sysctls -29
        {"spec":{"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_keepalive_intvl"}]}}} | forbidden sysctls -29 | forbidden sysctls -29
        {"spec":{"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_keepalive_probes"}]}}} | forbidden sysctls -29 | forbidden sysctls -29
        {"spec":{"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_rmem"}]}}} | forbidden sysctls -32 | forbidden sysctls -32
        {"spec":{"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_wmem"}]}}} | forbidden sysctls -32 | forbidden sysctls -32
        {"spec":{"securityContext":{"sysctls":[{"name":"kernel.msgmax"}]}}} | forbidden sysctls 0- | forbidden sysctls 0-
        {"spec":{"securityContext":{"fsGroup":0,"supplementalGroups":[0],"runAsGroup":0}}} | |
        """;

    private const string OfContainers = """
        {"securityContext":{"privileged":true}} | privileged 0- | privileged 0-
        {"securityContext":{"privileged":false}} | |
        {"securityContext":{"readOnlyRootFilesystem":false}} | |
        {"securityContext":{"capabilities":{"add":["SYS_ADMIN"]}}} | non-default capabilities 0- | non-default capabilities -22; unrestricted capabilities 22-
        {"securityContext":{"capabilities":{"add":["NET_RAW"]}}} | non-default capabilities 0- | non-default capabilities -22; unrestricted capabilities 22-
        {"securityContext":{"capabilities":{"add":["ALL"]}}} | non-default capabilities 0- | non-default capabilities -22; unrestricted capabilities 22-
        {"securityContext":{"capabilities":{"add":["chown"]}}} | non-default capabilities 0- | non-default capabilities -22; unrestricted capabilities 22-
        {"securityContext":{"capabilities":{"add":["CAP_CHOWN"]}}} | non-default capabilities 0- | non-default capabilities -22; unrestricted capabilities 22-
        {"securityContext":{"capabilities":{"add":["NET_BIND_SERVICE"]}}} | |
        {"securityContext":{"capabilities":{"drop":["ALL","CHOWN"]}}} | |
        {"securityContext":{"capabilities":{"drop":["CHOWN"]}}} | | unrestricted capabilities 22-
        {"securityContext":{"capabilities":{"drop":[]}}} | | unrestricted capabilities 22-
        {"securityContext":{"capabilities":null}} | | unrestricted capabilities 22-
        {"securityContext":{"allowPrivilegeEscalation":true}} | | allowPrivilegeEscalation != false 8-
        {"securityContext":{"allowPrivilegeEscalation":null}} | | allowPrivilegeEscalation != false 8-
        {"securityContext":{"runAsNonRoot":false}} | | runAsNonRoot != true 0-
        {"securityContext":{"runAsNonRoot":true}} | |
        {"securityContext":{"runAsUser":0}} | | runAsUser=0 23-
        {"securityContext":{"runAsUser":1}} | |
        {"securityContext":{"seccompProfile":{"type":"Unconfined"}}} | seccompProfile 19- | seccompProfile 19-
        {"securityContext":{"seccompProfile":{"type":"RuntimeDefault"}}} | |
        {"securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"mine"}}} | |
        {"securityContext":{"seLinuxOptions":{"type":"spc_t"}}} | seLinuxOptions 0- | seLinuxOptions 0-
        {"securityContext":{"seLinuxOptions":{"user":"u"}}} | seLinuxOptions 0- | seLinuxOptions 0-
        {"securityContext":{"seLinuxOptions":{"role":"r"}}} | seLinuxOptions 0- | seLinuxOptions 0-
        {"securityContext":{"seLinuxOptions":{"type":"container_engine_t"}}} | seLinuxOptions -31 | seLinuxOptions -31
        {"securityContext":{"seLinuxOptions":{"level":"s0"}}} | |
        {"securityContext":{"appArmorProfile":{"type":"Unconfined"}}} | forbidden AppArmor profile 0- | forbidden AppArmor profile 0-
        {"securityContext":{"appArmorProfile":{"type":"Localhost","localhostProfile":"mine"}}} | |
        {"securityContext":{"windowsOptions":{"hostProcess":true}}} | hostProcess 0- | hostProcess 0-
        {"securityContext":{"windowsOptions":{"runAsUserName":"ContainerAdministrator"}}} | |
        {"securityContext":{"procMount":"Unmasked"}} | procMount 0- | procMount 0-
        {"securityContext":{"procMount":"Default"}} | |
        {"ports":[{"containerPort":1,"hostPort":1}]} | hostPort 0- | hostPort 0-
        {"ports":[{"containerPort":1,"hostPort":0}]} | |
        {"ports":[{"containerPort":1}]} | |
        {"livenessProbe":{"httpGet":{"host":"10.0.0.1"}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"livenessProbe":{"tcpSocket":{"host":"10.0.0.1"}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"readinessProbe":{"httpGet":{"host":"localhost"}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"readinessProbe":{"tcpSocket":{"host":"localhost"}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"startupProbe":{"httpGet":{"host":"127.0.0.1"}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"startupProbe":{"tcpSocket":{"host":"::1"}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"lifecycle":{"postStart":{"httpGet":{"host":"a.b"}}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"lifecycle":{"postStart":{"tcpSocket":{"host":"a.b"}}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"lifecycle":{"preStop":{"httpGet":{"host":"a.b"}}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"lifecycle":{"preStop":{"tcpSocket":{"host":"a.b"}}}} | probe or lifecycle host 34- | probe or lifecycle host 34-
        {"livenessProbe":{"httpGet":{"host":"","port":80}},"readinessProbe":{"exec":{"command":["a"]}},"startupProbe":{"grpc":{"port":1}}} | |
        """;

    /// <summary>The same changes of a container in pods that are looked upon with milder eyes.</summary>
    private const string OfContainersElsewhere = """
        {"hostUsers":false} | {"securityContext":{"procMount":"Unmasked"}} | procMount -35 | procMount 0-
        {"hostUsers":false} | {"securityContext":{"runAsUser":0}} | | runAsUser=0 23-35
        {"hostUsers":false} | {"securityContext":{"runAsNonRoot":false}} | | runAsNonRoot != true -35
        {"hostUsers":false} | {"securityContext":{"privileged":true}} | privileged 0- | privileged 0-
        {"os":{"name":"windows"}} | {"securityContext":{"allowPrivilegeEscalation":null}} | | allowPrivilegeEscalation != false 8-25
        {"os":{"name":"windows"}} | {"securityContext":{"capabilities":null}} | | unrestricted capabilities 22-25
        {"os":{"name":"linux"}} | {"securityContext":{"capabilities":null}} | | unrestricted capabilities 22-
        {"os":{"name":"windows"}} | {"securityContext":{"runAsUser":0}} | | runAsUser=0 23-
        {"securityContext":{"runAsNonRoot":null}} | {"securityContext":{"runAsNonRoot":true}} | | runAsNonRoot != true 0-
        """;

    private static readonly string[] AllowedVolumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

    private static readonly string[] RestrictedVolumes =
    [
        "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi", "glusterfs", "rbd", "flexVolume", "cinder", "cephfs", "flocker", "fc", "azureFile",
        "vsphereVolume", "quobyte", "azureDisk", "photonPersistentDisk", "portworxVolume", "scaleIO", "storageos",
    ];

    private static readonly string[] DefaultCapabilities =
        ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"];

    [Fact]
    public void Every_value_of_every_control_is_judged_as_its_release_judged_it()
    {
        var (wrong, judged) = (new List<string>(), 0);
        foreach (var one in Cases())
        {
            for (int? minor = 0; minor <= Latest + 1; minor++)
            {
                // The one past the last stands for "latest".
                var version = minor > Latest ? null : minor;
                judged += 2;
                wrong.AddRange(Differences(one.Pod, one.Baseline, SecurityLevel.Baseline, version).Concat(Differences(one.Pod, one.Restricted, SecurityLevel.Restricted, version)));
            }
        }

        Assert.True(judged > 10_000, $"only {judged} pods were judged");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {judged}:\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public void The_privileged_level_refuses_nothing() =>
        Assert.All(Cases(), one => Assert.Empty(SecurityStandards.Check(new LevelVersion(SecurityLevel.Privileged, null), one.Pod.Object("metadata"), one.Pod.Object("spec"))));

    private static IEnumerable<string> Differences(JsonObject pod, string refusals, SecurityLevel level, int? minor)
    {
        var wanted = refusals.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(refusal => Holds(refusal[(refusal.LastIndexOf(' ') + 1)..], minor ?? Latest)).Select(refusal => refusal[..refusal.LastIndexOf(' ')]);
        var version = new LevelVersion(level, minor);
        var found = SecurityStandards.Check(version, pod.Object("metadata"), pod.Object("spec")).Select(violation => violation.Reason);
        return found.SequenceEqual(wanted) ? [] : [$"{version}: wanted [{string.Join(", ", wanted)}], found [{string.Join(", ", found)}] for {pod.ToJsonString()}"];
    }

    private static bool Holds(string range, int minor)
    {
        var ends = range.Split('-');
        return minor >= Number(ends[0], 0) && minor < Number(ends[1], int.MaxValue);
    }

    private static int Number(string text, int otherwise) => text.Length == 0 ? otherwise : int.Parse(text, CultureInfo.InvariantCulture);

    private static IEnumerable<(JsonObject Pod, string Baseline, string Restricted)> Cases()
    {
        yield return (Good(), "", "");
        foreach (var row in Rows(OfPods))
        {
            yield return (Changed(Good(), row[0]), row[1], row[2]);
        }

        var plain = Rows(OfContainers).Select(row => (string[])["{}", .. row])
            .Concat(DefaultCapabilities.Select(name => (string[])["{}", $$"""{"securityContext":{"capabilities":{"add":["{{name}}"]} } }""", "", "unrestricted capabilities 22-"]))
            .Concat(Rows(OfContainersElsewhere));
        foreach (var row in plain)
        {
            foreach (var list in ContainerLists)
            {
                var pod = Good();
                var spec = Changed(pod.Object("spec")!, row[0]);
                spec[list]![0] = Changed((JsonObject)spec[list]![0]!.DeepClone(), row[1]);
                pod["spec"] = spec.DeepClone();
                yield return (pod, row[2], row[3]);
            }
        }

        foreach (var type in AllowedVolumes.Concat(RestrictedVolumes))
        {
            var refused = RestrictedVolumes.Contains(type);
            var volume = $$"""{"spec":{"volumes":[{"name":"fine","emptyDir":{} },{"name":"v","{{type}}":{} }]} }""";
            yield return (Changed(Good(), volume), type == "hostPath" ? "hostPath volumes 0-" : "", refused ? "restricted volume types 0-" : "");
        }
    }

    private static IEnumerable<string[]> Rows(string table) => table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('|', StringSplitOptions.TrimEntries));

    private static JsonObject Changed(JsonObject target, string patch) => (JsonObject)MergePatch.Apply(target, JsonNode.Parse(patch))!;

    /// <summary>A pod that every level takes in every release, with a container of each sort.</summary>
    private static JsonObject Good() => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "p" },
        ["spec"] = new JsonObject(ContainerLists.Select(list => KeyValuePair.Create(list, (JsonNode?)new JsonArray(Container(list)))))
        {
            ["securityContext"] = JsonNode.Parse("""{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}}"""),
        },
    };

    private static JsonObject Container(string name) => new()
    {
        ["name"] = name,
        ["securityContext"] = JsonNode.Parse("""{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}"""),
    };
}
