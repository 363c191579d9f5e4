using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Flotilla.Ingress.Passwords;

/// <summary>A hash as htpasswd writes it: MD5 (apr1), bcrypt, SHA or plain text.</summary>
internal static class PasswordHash
{
    private const string Apache = "$apr1$";
    private const string Crypt = "$1$";
    private const string Sha = "{SHA}";
    private const string SaltedSha = "{SSHA}";
    private const string Plain = "{PLAIN}";
    private const int ShaBytes = 20;

    /// <summary>Whether it is of a kind that can be checked.</summary>
    public static bool IsKnown(string hash) =>
        hash.StartsWith(Apache, StringComparison.Ordinal) || hash.StartsWith(Crypt, StringComparison.Ordinal) || IsBcrypt(hash)
        || hash.StartsWith(Sha, StringComparison.Ordinal) || hash.StartsWith(SaltedSha, StringComparison.Ordinal) || hash.StartsWith(Plain, StringComparison.Ordinal);

    public static bool Matches(string password, string hash)
    {
        try
        {
            return hash.StartsWith(Apache, StringComparison.Ordinal) ? Same(Apr1.Hash(password, SaltOf(hash, Apache), Apache), hash)
                : hash.StartsWith(Crypt, StringComparison.Ordinal) ? Same(Apr1.Hash(password, SaltOf(hash, Crypt), Crypt), hash)
                : IsBcrypt(hash) ? BCrypt.Net.BCrypt.Verify(password, hash)
                : hash.StartsWith(Sha, StringComparison.Ordinal) ? Same(Sha + Convert.ToBase64String(Sha1(Encoding.UTF8.GetBytes(password))), hash)
                : hash.StartsWith(SaltedSha, StringComparison.Ordinal) ? MatchesSalted(password, hash)
                : hash.StartsWith(Plain, StringComparison.Ordinal) && Same(Plain + password, hash);
        }
        catch (Exception damaged) when (damaged is FormatException or ArgumentException or BCrypt.Net.SaltParseException)
        {
            return false;
        }
    }

    private static bool IsBcrypt(string hash) => hash.StartsWith("$2", StringComparison.Ordinal) && hash.Length == 60;

    private static string SaltOf(string hash, string magic) => hash[magic.Length..].Split('$')[0];

    private static bool MatchesSalted(string password, string hash)
    {
        var bytes = Convert.FromBase64String(hash[SaltedSha.Length..]);
        return bytes.Length > ShaBytes
            && CryptographicOperations.FixedTimeEquals(Sha1([.. Encoding.UTF8.GetBytes(password), .. bytes.AsSpan(ShaBytes)]), bytes.AsSpan(0, ShaBytes));
    }

    [SuppressMessage("Security", "CA5350", Justification = "The format is given: files of passwords are written in it.")]
    private static byte[] Sha1(byte[] text) => SHA1.HashData(text);

    private static bool Same(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));
}
