using System.Security.Cryptography;
using Flotilla.Api;
using Flotilla.Ingress.Certificates;
using Flotilla.Ingress.Passwords;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Secrets;
using k8s.Models;

namespace Flotilla.Ingress.Ingresses;

/// <summary>What is wrong with the Secrets that an Ingress names.</summary>
internal static class SecretProblems
{
    public static IEnumerable<string> For(V1Ingress ingress, ISecrets secrets)
    {
        foreach (var name in (ingress.Spec.Tls ?? []).Select(tls => tls.SecretName).OfType<string>().Where(name => name.Length > 0).Distinct(StringComparer.Ordinal))
        {
            if (CertificateProblem(new ObjectKey(ingress.Metadata.NamespaceProperty, name), secrets) is { } problem)
            {
                yield return problem;
            }
        }

        foreach (var step in IngressSettings.For(ingress).Steps.OfType<BasicAuthentication>())
        {
            if (PasswordProblem(step, secrets) is { } problem)
            {
                yield return problem;
            }
        }
    }

    /// <summary>null: the Secret can be used.</summary>
    public static string? CertificateProblem(ObjectKey key, ISecrets secrets)
    {
        if (secrets.Get(key) is not { } secret)
        {
            return $"Secret {key} does not exist; the default certificate is used";
        }

        try
        {
            CertificateReader.Read(secret).Certificate.Dispose();
            return null;
        }
        catch (CryptographicException damaged)
        {
            return $"Secret {key} holds no certificate that can be used ({damaged.Message}); the default certificate is used";
        }
    }

    private static string? PasswordProblem(BasicAuthentication step, ISecrets secrets)
    {
        if (secrets.Get(step.Secret) is not { } secret)
        {
            return $"Secret {step.Secret} does not exist; nobody is let in";
        }

        return PasswordFiles.Read(secret, step.IsMap) is not { } file ? $"Secret {step.Secret} has no key auth; nobody is let in"
            : file.Refused is { Count: > 0 } refused ? $"Secret {step.Secret}: the passwords of {string.Join(", ", refused)} are hashed in a way that is not supported (use htpasswd with -B, -m or -s); they are not let in"
            : null;
    }
}
