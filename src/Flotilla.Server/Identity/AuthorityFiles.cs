using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Server.Identity;

/// <summary>
/// The cluster's authority on disk: <c>ca.crt</c> and <c>ca.key</c>. While it is rotated, these are the one before, and <c>ca-next.key</c>
/// holds all of the next one in one file: when the rotation began, its key, its certificate, and that signed by the one before. The next one
/// signs as soon as that file is there. At the end it takes the place of the one before, whose certificate goes first: from that moment
/// it is not trusted, and whoever finds the rest undone does it. So a crash at any point leaves a rotation that is not begun, goes on or is over.
/// Other processes read at any time.
/// </summary>
internal sealed class AuthorityFiles(PrivateFiles files, CertificateFiles pairs, TimeProvider time)
{
    private const string Name = "ca";
    private const string NextFile = "ca-next.key";
    private const string CrossFile = "ca-cross.crt";
    private const string StartedMark = "started ";

    /// <exception cref="InvalidDataException">The files do not belong together.</exception>
    public AuthorityState Load()
    {
        if (files.Read(NextFile) is not { } text)
        {
            var settled = pairs.LoadAuthority(Name, "flotilla-ca");
            return new AuthorityState(settled, null, CrossOf(settled, files.Read(CrossFile)), null);
        }

        var (own, cross, started) = Parse(text);
        var previous = files.Read($"{Name}.crt");
        return previous == own.CertificatePem ? new AuthorityState(own, null, cross, null) : new AuthorityState(own, previous, cross, started);
    }

    /// <summary>The next one signs from now on, once it is on disk.</summary>
    public AuthorityState Begin(AuthorityState now, IssuedCertificate next)
    {
        using var certificate = X509Certificate2.CreateFromPem(next.CertificatePem);
        var started = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var cross = new CertificateAuthority(now.Own, time).CrossSign(certificate);
        files.WriteSecret(NextFile, $"{StartedMark}{started:O}\n{next.KeyPem.Trim()}\n{next.CertificatePem.Trim()}\n{cross.Trim()}\n");
        return Load();
    }

    /// <summary>The one before is trusted no more, once that is on disk.</summary>
    public AuthorityState Finish(AuthorityState now)
    {
        files.WritePublic(CrossFile, now.CrossPem!);
        files.WriteSecret($"{Name}.key", now.Own.KeyPem);
        files.WritePublic($"{Name}.crt", now.Own.CertificatePem);
        return Settle();
    }

    /// <summary>For the server that starts: does what is left of an end that was interrupted.</summary>
    public AuthorityState Settle()
    {
        var state = Load();
        if (state.Started is null && files.Read(NextFile) is not null)
        {
            // Its certificate is there, and everything else was written before it.
            files.Delete(NextFile);
        }

        return state;
    }

    private static (IssuedCertificate Own, string Cross, DateTimeOffset Started) Parse(string text)
    {
        var certificates = new List<string>();
        var key = "";
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            var block = $"{rest[fields.Location]}\n";
            if (rest[fields.Label] is "CERTIFICATE")
            {
                certificates.Add(block);
            }
            else
            {
                key = block;
            }

            rest = rest[fields.Location.End..];
        }

        return text.StartsWith(StartedMark, StringComparison.Ordinal) && certificates is [var own, var cross]
            && DateTimeOffset.TryParse(text.AsSpan(StartedMark.Length, text.IndexOf('\n', StringComparison.Ordinal) - StartedMark.Length), CultureInfo.InvariantCulture, out var started)
            ? (new IssuedCertificate(own, key), cross, started)
            : throw new InvalidDataException($"{NextFile} is damaged: it holds a key and two certificates.");
    }

    // Of another authority it says nothing, and one that expired would only confuse.
    private string? CrossOf(IssuedCertificate own, string? crossPem)
    {
        if (crossPem is null)
        {
            return null;
        }

        using var authority = X509Certificate2.CreateFromPem(own.CertificatePem);
        using var cross = X509Certificate2.CreateFromPem(crossPem);
        return cross.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(authority.PublicKey.ExportSubjectPublicKeyInfo())
            && cross.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime ? crossPem : null;
    }
}
