using System.Text.Json;

namespace Flotilla.Api.Json;

/// <summary>
/// Property names come again with every object: one string serves them all. Fixed in size; a name that finds its place taken
/// replaces the other. Safe from any thread: whoever loses a race merely has a string of its own.
/// </summary>
internal static class NamePool
{
    private const int Places = 2048;
    private const int LongestName = 64;
    private static readonly string?[] Names = new string?[Places];

    /// <summary>The property name the reader stands on.</summary>
    public static string Of(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped || reader.HasValueSequence || reader.ValueSpan.Length > LongestName)
        {
            return LenientText.Of(ref reader);
        }

        ref var place = ref Names[Hash(reader.ValueSpan) % Places];
        var known = Volatile.Read(ref place);
        if (known is null || !IsSame(known, reader.ValueSpan))
        {
            known = LenientText.Of(ref reader);
            Volatile.Write(ref place, known);
        }

        return known;
    }

    private static uint Hash(ReadOnlySpan<byte> name)
    {
        var hash = 2166136261u;
        foreach (var one in name)
        {
            hash = (hash ^ one) * 16777619u;
        }

        return hash;
    }

    // Only plain names are ever found again; the others are made anew each time.
    private static bool IsSame(string known, ReadOnlySpan<byte> name)
    {
        if (known.Length != name.Length)
        {
            return false;
        }

        for (var i = 0; i < name.Length; i++)
        {
            if (known[i] != name[i] || name[i] > 0x7F)
            {
                return false;
            }
        }

        return true;
    }
}
