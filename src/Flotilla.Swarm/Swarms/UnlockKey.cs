using System.Security.Cryptography;

namespace Flotilla.Swarm.Swarms;

/// <summary>What unlocks a manager, as Swarm writes it: <c>SWMKEY-1-</c> and 32 bytes in base64 without padding.</summary>
internal static class UnlockKey
{
    private const string Prefix = "SWMKEY-1-";
    private const int KeyBytes = 32;
    private const int BytesOfFour = 3;
    private const int CharactersOfThree = 4;

    public static string Create() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes)).TrimEnd('=');

    /// <summary>null: it is none.</summary>
    public static ReadOnlyMemory<byte>? Parse(string text)
    {
        var encoded = text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : "";
        var key = new byte[(encoded.Length + CharactersOfThree) * BytesOfFour / CharactersOfThree];
        var padded = encoded.PadRight((encoded.Length + CharactersOfThree - 1) / CharactersOfThree * CharactersOfThree, '=');
        return encoded.Length > 0 && !encoded.EndsWith('=') && Convert.TryFromBase64String(padded, key, out var length)
            ? key.AsMemory(0, length)
            : default(ReadOnlyMemory<byte>?);
    }
}
