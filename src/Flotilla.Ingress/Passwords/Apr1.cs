using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Flotilla.Ingress.Passwords;

/// <summary>The salted MD5 of Apache's htpasswd (<c>$apr1$</c>) and of crypt (<c>$1$</c>): a thousand rounds.</summary>
[SuppressMessage("Security", "CA5351", Justification = "The format is given: files of passwords are written in it.")]
internal static class Apr1
{
    private const int Rounds = 1000;
    private const string Letters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly (int A, int B, int C)[] Order = [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)];

    /// <param name="magic"><c>$apr1$</c> or <c>$1$</c>.</param>
    public static string Hash(string password, string salt, string magic)
    {
        var (secret, grain) = (Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(salt));
        var digest = First(secret, grain, Encoding.UTF8.GetBytes(magic));
        for (var round = 0; round < Rounds; round++)
        {
            using var next = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
            next.AppendData(round % 2 == 1 ? secret : digest);
            if (round % 3 != 0)
            {
                next.AppendData(grain);
            }

            if (round % 7 != 0)
            {
                next.AppendData(secret);
            }

            next.AppendData(round % 2 == 1 ? digest : secret);
            digest = next.GetHashAndReset();
        }

        return $"{magic}{salt}${Text(digest)}";
    }

    private static byte[] First(byte[] secret, byte[] salt, byte[] magic)
    {
        var mixed = MD5.HashData([.. secret, .. salt, .. secret]);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        hash.AppendData(secret);
        hash.AppendData(magic);
        hash.AppendData(salt);
        for (var left = secret.Length; left > 0; left -= mixed.Length)
        {
            hash.AppendData(mixed, 0, Math.Min(left, mixed.Length));
        }

        for (var bits = secret.Length; bits > 0; bits >>= 1)
        {
            hash.AppendData([(bits & 1) == 1 || secret.Length == 0 ? (byte)0 : secret[0]]);
        }

        return hash.GetHashAndReset();
    }

    private static string Text(byte[] digest)
    {
        var text = new StringBuilder();
        foreach (var (a, b, c) in Order)
        {
            Append(text, (digest[a] << 16) | (digest[b] << 8) | digest[c], 4);
        }

        Append(text, digest[11], 2);
        return text.ToString();
    }

    private static void Append(StringBuilder text, int value, int letters)
    {
        for (; letters > 0; letters--, value >>= 6)
        {
            text.Append(Letters[value & 0x3f]);
        }
    }
}
