using System.Security.Cryptography;
using System.Text;
using Flotilla.Swarm.Definitions;

namespace Flotilla.Swarm.Scheduling;

/// <summary>
/// Labels of a node's spec as the scheduler sees them. Docker's may be any text and are compared without regard to case;
/// what Kubernetes would refuse is known by its digest.
/// </summary>
internal static class NodeLabels
{
    private const int Longest = 63;

    public static string KeyOf(string label) => SwarmApi.NodeLabelPrefix + Shape(label);

    public static string ValueOf(string value) => value.Length == 0 ? "" : Shape(value.ToLowerInvariant());

    private static string Shape(string text) =>
        text.Length is > 0 and <= Longest && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
            ? text
            : "x-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..40];
}
