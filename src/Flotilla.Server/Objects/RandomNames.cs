using System.Security.Cryptography;

namespace Flotilla.Server.Objects;

/// <summary>Names for <c>generateName</c>: the prefix and five characters that cannot form words.</summary>
public static class RandomNames
{
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";
    private const int SuffixLength = 5;
    private const int MaxLength = 63;

    public static string For(string prefix) =>
        (prefix.Length > MaxLength - SuffixLength ? prefix[..(MaxLength - SuffixLength)] : prefix) + RandomNumberGenerator.GetString(Alphabet, SuffixLength);
}
