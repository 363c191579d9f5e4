using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace Flotilla.Client.Joining;

/// <summary>
/// What a machine needs to join: <c>FLOTILLA1</c>, the SHA-256 of the cluster's certificate authority (DER) in 64
/// hexadecimal digits, <c>::</c> and a bootstrap token <c>id.secret</c>. The first part lets the machine recognize the
/// cluster, the second lets the cluster recognize the machine.
/// </summary>
public sealed partial record JoinToken(string AuthorityHash, string Id, string Secret)
{
    /// <summary>Where a machine hears what is wrong with a worker's token: a GET with its <see cref="Bearer"/>.</summary>
    public const string CheckPath = "/flotilla/v1/token";

    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int IdLength = 6;
    private const int SecretLength = 16;

    /// <summary>As the API server knows it.</summary>
    public string Bearer => $"{Id}.{Secret}";

    public static string HashOf(X509Certificate2 authority) => Convert.ToHexStringLower(SHA256.HashData(authority.RawDataMemory.Span));

    public static JoinToken Create(string authorityHash) =>
        new(authorityHash, RandomNumberGenerator.GetString(Letters, IdLength), RandomNumberGenerator.GetString(Letters, SecretLength));

    /// <summary>Null: not of this form.</summary>
    public static JoinToken? Parse(string text) => Form().Match(text.Trim()) is { Success: true } match
        ? new JoinToken(match.Groups["hash"].Value, match.Groups["id"].Value, match.Groups["secret"].Value)
        : null;

    /// <summary>Null: not of the form of <see cref="Bearer"/>.</summary>
    public static (string Id, string Secret)? ParseBearer(string text) => BearerForm().Match(text) is { Success: true } match
        ? (match.Groups["id"].Value, match.Groups["secret"].Value)
        : null;

    public override string ToString() => $"FLOTILLA1{AuthorityHash}::{Bearer}";

    [GeneratedRegex("^FLOTILLA1(?<hash>[0-9a-f]{64})::(?<id>[a-z0-9]{6})\\.(?<secret>[a-z0-9]{16})$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();

    [GeneratedRegex("^(?<id>[a-z0-9]{6})\\.(?<secret>[a-z0-9]{16})$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BearerForm();
}
