using k8s.Models;

namespace Flotilla.Client.Joining;

/// <summary>
/// By which authorities a node goes, as annotations of its Node tell: those it trusts, and that of which all its certificates are.
/// Each is named by its hash (<see cref="JoinToken.HashOf"/>). Pure.
/// </summary>
/// <param name="Certificates">Empty: they are of several.</param>
public sealed record NodeTrust(IReadOnlyList<string> Trusted, string Certificates)
{
    public const string TrustedAnnotation = "flotilla.dev/trusted-authorities";

    public const string CertificatesAnnotation = "flotilla.dev/certificate-authority";

    /// <summary>Null: it does not tell.</summary>
    public static NodeTrust? Of(V1Node node) =>
        node.Metadata.Annotations is { } annotations && annotations.TryGetValue(TrustedAnnotation, out var trusted) && annotations.TryGetValue(CertificatesAnnotation, out var certificates)
            ? new NodeTrust(trusted.Split(' ', StringSplitOptions.RemoveEmptyEntries), certificates)
            : null;

    /// <summary>Whether it needs no authority but this one.</summary>
    public bool Follows(string authority) => Trusted.Contains(authority) && Certificates == authority;

    public IReadOnlyDictionary<string, string> Annotations => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [TrustedAnnotation] = string.Join(' ', Trusted),
        [CertificatesAnnotation] = Certificates,
    };
}
