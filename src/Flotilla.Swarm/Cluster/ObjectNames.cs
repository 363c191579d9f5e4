using System.Security.Cryptography;
using System.Text;

namespace Flotilla.Swarm.Cluster;

/// <summary>
/// Kubernetes' names for Docker's: lower case, with '-' for '_'. The user's own name stays in an annotation where it
/// differs.
/// </summary>
internal static class ObjectNames
{
    private const int LongestLabel = 63;

    /// <summary>Letters, digits and '-' only, 63 at most.</summary>
    public static string Label(string name) => Shape(name, letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-', LongestLabel);

    /// <summary>As a container's host name.</summary>
    public static string Hostname(string name)
    {
        var shaped = Label(name);
        return shaped.Length <= LongestLabel ? shaped : shaped[..LongestLabel].TrimEnd('-');
    }

    /// <summary>May have dots too, as names of Secrets.</summary>
    public static string Subdomain(string name)
    {
        var shaped = Shape(name, letter => char.IsAsciiLetterOrDigit(letter) || letter == '.' ? letter : '-', 253);

        // Each part between dots begins and ends with a letter or digit.
        return shaped.Split('.').All(part => part.Length > 0 && part[0] != '-' && part[^1] != '-') ? shaped : Label(name);
    }

    private static string Shape(string name, Func<char, char> map, int longest)
    {
        var shaped = string.Concat(name.ToLowerInvariant().Select(map)).Trim('-', '.');
        return shaped.Length > 0 && shaped.Length <= longest
            ? shaped
            : $"{(shaped.Length == 0 ? "x" : shaped[..Math.Min(shaped.Length, longest - 9)].TrimEnd('-', '.'))}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8]}";
    }
}
