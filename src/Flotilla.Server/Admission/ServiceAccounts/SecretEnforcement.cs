using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.ServiceAccounts;

/// <summary>Accounts that ask for it let their pods use only the secrets they list.</summary>
internal static class SecretEnforcement
{
    public const string Annotation = "kubernetes.io/enforce-mountable-secrets";

    /// <summary>The first reference that the account does not list, as the client is told; null: all are listed.</summary>
    public static string? Check(JsonObject? spec, JsonObject account)
    {
        var name = account.Object("metadata").String("name");
        var listed = account.Objects("secrets").Select(secret => secret.String("name")).ToHashSet();
        foreach (var (where, secret) in References(spec))
        {
            if (!listed.Contains(secret))
            {
                return $"{where}=\"{secret}\" is not allowed because service account {name} does not reference that secret";
            }
        }

        var pulls = account.Objects("imagePullSecrets").Select(secret => secret.String("name")).ToHashSet();
        var at = 0;
        foreach (var pull in spec.Objects("imagePullSecrets").Select(pull => pull.String("name") ?? ""))
        {
            if (!pulls.Contains(pull))
            {
                return $"imagePullSecrets[{at}].name=\"{pull}\" is not allowed because service account {name} does not reference that imagePullSecret";
            }

            at++;
        }

        return null;
    }

    /// <summary>Every secret a pod mounts or reads into its environment, with the words for where it does.</summary>
    public static IEnumerable<(string Where, string Secret)> References(JsonObject? spec)
    {
        foreach (var volume in spec.Objects("volumes"))
        {
            if (volume.Object("secret").String("secretName") is { } secret)
            {
                yield return ("volume with secret.secretName", secret);
            }
        }

        foreach (var (list, word) in new[] { ("initContainers", "init container"), ("containers", "container") })
        {
            foreach (var container in spec.Objects(list))
            {
                foreach (var found in InEnvironment(container, $"{word} {container.String("name")}"))
                {
                    yield return found;
                }
            }
        }
    }

    private static IEnumerable<(string Where, string Secret)> InEnvironment(JsonObject container, string who)
    {
        foreach (var variable in container.Objects("env"))
        {
            if (variable.Object("valueFrom").Object("secretKeyRef").String("name") is { } secret)
            {
                yield return ($"{who} with envVar {variable.String("name")} referencing secret.secretName", secret);
            }
        }

        foreach (var source in container.Objects("envFrom"))
        {
            if (source.Object("secretRef").String("name") is { } secret)
            {
                yield return ($"{who} with envFrom referencing secret.secretName", secret);
            }
        }
    }
}
