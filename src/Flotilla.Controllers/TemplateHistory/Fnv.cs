using System.Globalization;

namespace Flotilla.Controllers.TemplateHistory;

/// <summary>The 32-bit Fowler-Noll-Vo hashes, and how upstream spells them in names.</summary>
internal static class Fnv
{
    public const uint Start = 2166136261;
    private const uint Prime = 16777619;

    // No vowels, so that no hash spells a word.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>FNV-1a: Deployments and DaemonSets.</summary>
    public static uint Hash1a(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            hash = (hash ^ value) * Prime;
        }

        return hash;
    }

    /// <summary>FNV-1: StatefulSets.</summary>
    public static uint Hash1(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            hash = (hash * Prime) ^ value;
        }

        return hash;
    }

    public static string Spell(uint hash) =>
        string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
}
