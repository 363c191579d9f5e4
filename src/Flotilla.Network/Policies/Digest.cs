using System.Security.Cryptography;
using System.Text;

namespace Flotilla.Network.Policies;

/// <summary>A short name for a long text, because names in the kernel are bounded.</summary>
internal static class Digest
{
    private const int Letters = 16;

    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..Letters];
}
