using System.Numerics;
using System.Security.Cryptography;

namespace Flotilla.Swarm.Cluster;

/// <summary>
/// Ids as Swarm writes them: 25 digits of base 36. That is room for exactly the 128 bits of a Kubernetes UID, so an
/// object's id is its UID in other digits, and kept nowhere.
/// </summary>
internal static class SwarmId
{
    public const int Length = 25;
    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    public static string Of(string uid) => Of(Guid.TryParse(uid, out var parsed) ? parsed : new Guid(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(uid)).AsSpan(0, 16)));

    public static string New() => Of(Guid.NewGuid());

    public static string Of(Guid uid) => Encode(new BigInteger(uid.ToByteArray(bigEndian: true), isUnsigned: true, isBigEndian: true), Length);

    /// <summary>A random secret of so many digits.</summary>
    public static string Secret() => Encode(new BigInteger(RandomNumberGenerator.GetBytes(16), isUnsigned: true), Length);

    public static string Encode(BigInteger value, int digits) => string.Create(digits, value, static (text, rest) =>
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            rest = BigInteger.DivRem(rest, Digits.Length, out var digit);
            text[i] = Digits[(int)digit];
        }
    });
}
