using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Server.Identity;

/// <summary>Who signs for the cluster at one moment, and whom everybody trusts: while the authority is rotated, another one too.</summary>
/// <param name="Own">Signs.</param>
/// <param name="OtherPem">Trusted too: the next one, or that of before; null: nobody else is.</param>
/// <param name="CrossPem">The one that signs, signed by the one before it; null: there was none, or it is not kept.</param>
/// <param name="Rotation">null: none goes on.</param>
internal sealed record AuthorityState(IssuedCertificate Own, string? OtherPem, string? CrossPem, AuthorityRecord? Rotation)
{
    /// <summary>The certificate of the one that signs, without its key.</summary>
    public X509Certificate2 Certificate { get; } = X509Certificate2.CreateFromPem(Own.CertificatePem);

    /// <summary>The one that signs first.</summary>
    public X509Certificate2Collection Trusted { get; } = [X509Certificate2.CreateFromPem(Own.CertificatePem), .. OtherPem is null ? [] : (X509Certificate2[])[X509Certificate2.CreateFromPem(OtherPem)]];

    /// <summary>All that are trusted, as PEM.</summary>
    public string Pem { get; } = OtherPem is null ? Own.CertificatePem : $"{Own.CertificatePem.TrimEnd()}\n{OtherPem.TrimEnd()}\n";

    /// <summary>What servers show beside their certificates to those who do not trust the one that signs; null: nothing.</summary>
    public X509Certificate2? Cross { get; } = CrossPem is null ? null : X509Certificate2.CreateFromPem(CrossPem);
}
