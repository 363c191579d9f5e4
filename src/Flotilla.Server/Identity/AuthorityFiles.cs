using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Server.Identity;

/// <summary>
/// The cluster's authority on disk: <c>ca.crt</c> and <c>ca.key</c>. While it is rotated, and until the next one has taken their place,
/// <c>ca-next.key</c> holds all of that (<see cref="AuthorityRecord"/>) in one file and alone counts. So a crash at any point leaves one step or the next.
/// Other processes read at any time.
/// </summary>
internal sealed class AuthorityFiles(PrivateFiles files, CertificateFiles pairs, TimeProvider time)
{
    private const string Name = "ca";
    private const string NextFile = "ca-next.key";
    private const string CrossFile = "ca-cross.crt";

    /// <exception cref="InvalidDataException">The files do not belong together.</exception>
    public AuthorityState Load()
    {
        if (files.Read(NextFile) is not { } text)
        {
            var settled = pairs.LoadAuthority(Name, "flotilla-ca");
            return new AuthorityState(settled, null, CrossOf(settled), null);
        }

        var rotation = AuthorityRecord.Parse(text);
        return rotation.Step switch
        {
            AuthorityStep.Known => new AuthorityState(rotation.Previous, rotation.Next.CertificatePem, CrossOf(rotation.Previous), rotation),
            AuthorityStep.Signs => new AuthorityState(rotation.Next, rotation.Previous.CertificatePem, rotation.CrossPem, rotation),
            _ => new AuthorityState(rotation.Next, null, rotation.CrossPem, null),
        };
    }

    /// <summary>How the present authority is to give way to the next one; nothing has begun.</summary>
    public AuthorityRecord Plan(IssuedCertificate present, IssuedCertificate next)
    {
        using var certificate = X509Certificate2.CreateFromPem(next.CertificatePem);
        var started = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var planned = new AuthorityRecord(AuthorityStep.Known, started, next, new CertificateAuthority(present, time).CrossSign(certificate), present);
        return AuthorityRecord.Parse(planned.ToText());
    }

    /// <summary>On disk when it returns.</summary>
    public AuthorityState Adopt(AuthorityRecord rotation)
    {
        files.WriteSecret(NextFile, rotation.ToText());
        return Settle();
    }

    /// <summary>At the end, also one that was interrupted: the next one takes the place of the one before.</summary>
    public AuthorityState Settle()
    {
        if (files.Read(NextFile) is { } text && AuthorityRecord.Parse(text) is { GoesOn: false } over)
        {
            files.WritePublic(CrossFile, over.CrossPem);
            files.WriteSecret($"{Name}.key", over.Next.KeyPem);
            files.WritePublic($"{Name}.crt", over.Next.CertificatePem);
            files.Delete(NextFile);
        }

        return Load();
    }

    // Of another authority it says nothing, and one that expired would only confuse.
    private string? CrossOf(IssuedCertificate own)
    {
        if (files.Read(CrossFile) is not { } crossPem)
        {
            return null;
        }

        using var authority = X509Certificate2.CreateFromPem(own.CertificatePem);
        using var cross = X509Certificate2.CreateFromPem(crossPem);
        return cross.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(authority.PublicKey.ExportSubjectPublicKeyInfo())
            && cross.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime ? crossPem : null;
    }
}
