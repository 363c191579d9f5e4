using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.ServiceAccounts;

/// <summary>The volume with a token, the cluster's certificate and the namespace, mounted where clients look for it.</summary>
internal static class TokenMounts
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string VolumePrefix = "kube-api-access-";
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    public static void Add(JsonObject spec)
    {
        var lacking = spec.Objects("initContainers").Concat(spec.Objects("containers"))
            .Where(container => !container.Objects("volumeMounts").Any(mount => mount.String("mountPath") == MountPath))
            .ToList();
        if (lacking.Count == 0)
        {
            return;
        }

        // A container that a webhook added later shares the volume of the others.
        var present = spec.Objects("volumes").Select(volume => volume.String("name")).FirstOrDefault(name => name?.StartsWith(VolumePrefix, StringComparison.Ordinal) == true);
        var volume = present ?? VolumePrefix + RandomNumberGenerator.GetString(Alphabet, 5);
        foreach (var container in lacking)
        {
            ListOf(container, "volumeMounts").Add(new JsonObject { ["name"] = volume, ["readOnly"] = true, ["mountPath"] = MountPath });
        }

        if (present is null)
        {
            ListOf(spec, "volumes").Add(new JsonObject { ["name"] = volume, ["projected"] = new JsonObject { ["sources"] = Sources(), ["defaultMode"] = 420 } });
        }
    }

    private static JsonArray Sources() =>
    [
        new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = 3607, ["path"] = "token" } },
        new JsonObject { ["configMap"] = new JsonObject { ["name"] = "kube-root-ca.crt", ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }) } },
        new JsonObject
        {
            ["downwardAPI"] = new JsonObject
            {
                ["items"] = new JsonArray(new JsonObject { ["path"] = "namespace", ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" } }),
            },
        },
    ];

    private static JsonArray ListOf(JsonObject owner, string name)
    {
        if (owner.Array(name) is not { } list)
        {
            owner[name] = list = [];
        }

        return list;
    }
}
