using Flotilla.Api.Kinds.Certificates;

namespace Flotilla.Controllers.Certificates;

/// <summary>What each of the cluster's own signers signs. Pure.</summary>
internal static class SignerRules
{
    public const string Client = "kubernetes.io/kube-apiserver-client";
    public const string KubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
    public const string KubeletServing = "kubernetes.io/kubelet-serving";
    public const string LegacyUnknown = "kubernetes.io/legacy-unknown";

    /// <summary>Whether a signer of the cluster is meant; others sign their own requests.</summary>
    public static bool IsOurs(string signer) => signer is Client or KubeletClient or KubeletServing or LegacyUnknown;

    /// <summary>Why the signer does not sign this; null: it does.</summary>
    public static string? Problem(string signer, SigningRequest request, IReadOnlyCollection<string> usages) => signer switch
    {
        Client => ClientProblem(usages),
        KubeletClient => KubeletClientProblem(request, usages),
        KubeletServing => KubeletServingProblem(request, usages),
        _ => null,
    };

    private static string? ClientProblem(IReadOnlyCollection<string> usages) =>
        usages.FirstOrDefault(usage => usage is not ("digital signature" or "key encipherment" or "client auth")) is { } other ? $"invalid usage for client certificate: {other}"
        : usages.Contains("client auth") ? null : "missing required usage for client certificate: client auth";

    private static string? KubeletClientProblem(SigningRequest request, IReadOnlyCollection<string> usages) => request switch
    {
        { Organizations: not ["system:nodes"] } => "subject organization is not system:nodes",
        { Names.Dns.Count: > 0 } => "DNS subjectAltNames are not allowed",
        { Names.Emails.Count: > 0 } => "Email subjectAltNames are not allowed",
        { Names.Addresses.Count: > 0 } => "IP subjectAltNames are not allowed",
        { Names.Uris.Count: > 0 } => "URI subjectAltNames are not allowed",
        _ when !IsNode(request) => "subject common name does not begin with system:node:",
        _ => UsageProblem(usages, "client auth"),
    };

    private static string? KubeletServingProblem(SigningRequest request, IReadOnlyCollection<string> usages) => request switch
    {
        { Organizations: not ["system:nodes"] } => "subject organization is not system:nodes",
        { Names: { Dns.Count: 0, Addresses.Count: 0 } } => "DNS or IP subjectAltName is required",
        { Names.Emails.Count: > 0 } => "Email subjectAltNames are not allowed",
        { Names.Uris.Count: > 0 } => "URI subjectAltNames are not allowed",
        _ => UsageProblem(usages, "server auth") ?? (IsNode(request) ? null : "subject common name does not begin with system:node:"),
    };

    // Elliptic curve keys encipher nothing, so that usage may be missing.
    private static string? UsageProblem(IReadOnlyCollection<string> usages, string purpose)
    {
        string[] wanted = ["digital signature", "key encipherment", purpose];
        var given = usages.ToHashSet(StringComparer.Ordinal);
        return given.SetEquals(wanted) || given.SetEquals(["digital signature", purpose])
            ? null
            : $"usages did not match [{string.Join(' ', wanted.Order(StringComparer.Ordinal))}]";
    }

    private static bool IsNode(SigningRequest request) => request.CommonName.StartsWith("system:node:", StringComparison.Ordinal);
}
