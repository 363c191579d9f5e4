using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Client.Joining;

namespace Flotilla.Server.Identity;

/// <summary>How far a rotation of the cluster's authority is. Servers take a step when all of them have taken the one before.</summary>
public enum AuthorityStep
{
    /// <summary>The next authority is trusted; that of before signs.</summary>
    Known,

    /// <summary>The next authority signs; that of before is trusted.</summary>
    Signs,

    /// <summary>That of before is nobody.</summary>
    Over,
}

/// <summary>
/// A rotation of the cluster's authority: all that a server needs to go by it, even one that missed those before. The servers share
/// it in what they store, and each keeps it in a file while it goes on.
/// </summary>
/// <param name="CrossPem">The next authority, signed by that of before.</param>
public sealed record AuthorityRecord(AuthorityStep Step, DateTimeOffset Started, IssuedCertificate Next, string CrossPem, IssuedCertificate Previous)
{
    public bool GoesOn => Step != AuthorityStep.Over;

    /// <summary>Of the one that the cluster gets.</summary>
    public string Hash { get; } = HashOf(Next);

    /// <summary>What only this step of this rotation is called.</summary>
    public string Id => $"{Step} {Hash}";

    /// <summary>Without the keys.</summary>
    public override string ToString() => Id;

    /// <summary>The keys in the clear.</summary>
    public string ToText() => new StringBuilder()
        .Append(CultureInfo.InvariantCulture, $"{Step} {Started:O}\n")
        .AppendJoin('\n', ((string[])[Next.KeyPem, Next.CertificatePem, CrossPem, Previous.KeyPem, Previous.CertificatePem]).Select(pem => pem.Trim()))
        .Append('\n').ToString();

    /// <exception cref="InvalidDataException">It is none.</exception>
    public static AuthorityRecord Parse(string text)
    {
        var (certificates, keys) = Blocks(text);
        return text[..Math.Max(0, text.IndexOf('\n', StringComparison.Ordinal))].Split(' ') is [var step, var moment]
            && Enum.TryParse(step, out AuthorityStep known) && Enum.IsDefined(known)
            && DateTimeOffset.TryParse(moment, CultureInfo.InvariantCulture, out var started)
            && certificates is [var next, var cross, var previous] && keys is [var nextKey, var previousKey]
            ? new AuthorityRecord(known, started, new IssuedCertificate(next, nextKey), cross, new IssuedCertificate(previous, previousKey))
            : throw new InvalidDataException("what is kept of the rotation of the cluster's authority is damaged: two keys and three certificates belong there");
    }

    private static (List<string> Certificates, List<string> Keys) Blocks(ReadOnlySpan<char> rest)
    {
        var (certificates, keys) = (new List<string>(), new List<string>());
        while (PemEncoding.TryFind(rest, out var fields))
        {
            (rest[fields.Label] is "CERTIFICATE" ? certificates : keys).Add($"{rest[fields.Location]}\n");
            rest = rest[fields.Location.End..];
        }

        return (certificates, keys);
    }

    private static string HashOf(IssuedCertificate authority)
    {
        using var certificate = X509Certificate2.CreateFromPem(authority.CertificatePem);
        return JoinToken.HashOf(certificate);
    }
}
