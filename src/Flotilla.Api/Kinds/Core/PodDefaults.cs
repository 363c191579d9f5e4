using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>What the API fills into pod specs, in pods and in templates alike.</summary>
internal static class PodDefaults
{
    private const int ReadableByOwner = 420;
    private static readonly string[] Probes = ["livenessProbe", "readinessProbe", "startupProbe"];

    public static void ApplyTemplate(JsonObject? template)
    {
        if (template is not null)
        {
            ApplySpec(template.Child("spec"));
        }
    }

    public static void ApplyPod(JsonObject pod)
    {
        var spec = pod.Child("spec");
        ApplySpec(spec);
        spec.Default("enableServiceLinks", true);
        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            RequestLimits(container);
            if (spec.Boolean("hostNetwork") == true)
            {
                UseHostPorts(container);
            }
        }

        if (spec.Object("resources") is { } resources)
        {
            RequestPodLimits(spec, resources);
        }
    }

    public static void ApplyClaim(JsonObject claim)
    {
        claim.Child("status").DefaultText("phase", "Pending");
        claim.Child("spec").DefaultText("volumeMode", "Filesystem");
    }

    private static void ApplySpec(JsonObject spec)
    {
        spec.DefaultText("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.DefaultText("dnsPolicy", "ClusterFirst");
        spec.Default("securityContext", new JsonObject());
        spec.DefaultText("schedulerName", "default-scheduler");
        spec.Remove("schedulingGroup"); // Behind a feature that v1.36 has switched off.
        ShareServiceAccount(spec);
        foreach (var volume in spec.Objects("volumes"))
        {
            ApplyVolume(volume);
        }

        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")).Concat(spec.Objects("ephemeralContainers")))
        {
            ApplyContainer(container);
        }
    }

    // The old field name stays in step with the new one.
    private static void ShareServiceAccount(JsonObject spec)
    {
        if (spec.String("serviceAccountName") is { Length: > 0 } name)
        {
            spec["serviceAccount"] = name;
        }
        else if (spec.String("serviceAccount") is { Length: > 0 } old)
        {
            spec["serviceAccountName"] = old;
        }
    }

    private static void ApplyVolume(JsonObject volume)
    {
        if (volume.All(field => field.Key == "name"))
        {
            volume["emptyDir"] = new JsonObject();
        }

        foreach (var source in new[] { "secret", "configMap", "downwardAPI", "projected" })
        {
            volume.Object(source)?.Default("defaultMode", ReadableByOwner);
        }

        volume.Object("hostPath")?.Default("type", "");
        volume.Object("iscsi")?.DefaultText("iscsiInterface", "default");
        foreach (var item in volume.Object("downwardAPI").Objects("items"))
        {
            item.Object("fieldRef")?.DefaultText("apiVersion", "v1");
        }

        foreach (var source in volume.Object("projected").Objects("sources"))
        {
            // Known to the schema, but behind features that v1.36 has switched off: not kept.
            source.Remove("podCertificate");
            source.Remove("clusterTrustBundle");
            source.Object("serviceAccountToken")?.Default("expirationSeconds", 3600);
            foreach (var item in source.Object("downwardAPI").Objects("items"))
            {
                item.Object("fieldRef")?.DefaultText("apiVersion", "v1");
            }
        }

        volume.Object("ephemeral").Object("volumeClaimTemplate").Object("spec")?.DefaultText("volumeMode", "Filesystem");
        if (volume.Object("image") is { } image)
        {
            image.DefaultText("pullPolicy", PullPolicyOf(image.String("reference") ?? ""));
        }
    }

    private static void ApplyContainer(JsonObject container)
    {
        foreach (var port in container.Objects("ports"))
        {
            port.DefaultText("protocol", "TCP");
        }

        foreach (var variable in container.Objects("env"))
        {
            variable.Object("valueFrom").Object("fieldRef")?.DefaultText("apiVersion", "v1");
            variable.Object("valueFrom").Object("fileKeyRef")?.Default("optional", false);
        }

        foreach (var probe in Probes.Select(name => container.Object(name)).OfType<JsonObject>())
        {
            ApplyProbe(probe);
        }

        ApplyHttp(container.Object("lifecycle").Object("postStart").Object("httpGet"));
        ApplyHttp(container.Object("lifecycle").Object("preStop").Object("httpGet"));
        container.DefaultText("terminationMessagePath", "/dev/termination-log");
        container.DefaultText("terminationMessagePolicy", "File");
        container.DefaultText("imagePullPolicy", PullPolicyOf(container.String("image") ?? ""));
    }

    private static void ApplyProbe(JsonObject probe)
    {
        ApplyHttp(probe.Object("httpGet"));
        probe.Object("grpc")?.Default("service", "");
        foreach (var (name, value) in new[] { ("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3) })
        {
            if (probe.Integer(name) is null or 0)
            {
                probe[name] = value;
            }
        }
    }

    private static void ApplyHttp(JsonObject? http)
    {
        http?.DefaultText("path", "/");
        http?.DefaultText("scheme", "HTTP");
    }

    private static void RequestLimits(JsonObject container)
    {
        if (container.Object("resources").Object("limits") is not { Count: > 0 } limits)
        {
            return;
        }

        var requests = container.Child("resources").Child("requests");
        foreach (var (name, amount) in limits)
        {
            requests.Default(name, amount?.DeepClone());
        }
    }

    // Pod-level requests default to what the containers ask together, else to the pod-level limit.
    private static void RequestPodLimits(JsonObject spec, JsonObject resources)
    {
        foreach (var (name, limit) in resources.Object("limits") ?? [])
        {
            var sum = spec.Objects("containers").Select(container => FieldRules.Amount(container.Object("resources").Object("requests")?[name])).OfType<Quantity>().ToList();
            resources.Child("requests").Default(name, sum.Count > 0 ? JsonValue.Create(sum.Aggregate((a, b) => a + b).ToString()) : limit?.DeepClone());
        }
    }

    private static void UseHostPorts(JsonObject container)
    {
        foreach (var port in container.Objects("ports"))
        {
            if (port.Integer("hostPort") is null or 0 && port.Integer("containerPort") is { } number)
            {
                port["hostPort"] = number;
            }
        }
    }

    /// <summary>Images that may move under their name are pulled every time.</summary>
    private static string PullPolicyOf(string image)
    {
        var name = image.Split('@')[0];
        var path = name[(name.LastIndexOf('/') + 1)..];
        if (image.Length == 0 || name[..(name.Length - path.Length)].Concat(path.Split(':')[0]).Any(char.IsAsciiLetterUpper) || image.Contains(' ', StringComparison.Ordinal))
        {
            return "IfNotPresent";
        }

        var tag = path.IndexOf(':', StringComparison.Ordinal) is var at and >= 0 ? path[(at + 1)..] : "";
        return tag == "latest" || (tag.Length == 0 && !image.Contains('@', StringComparison.Ordinal)) ? "Always" : "IfNotPresent";
    }
}
