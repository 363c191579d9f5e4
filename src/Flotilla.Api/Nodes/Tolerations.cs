using System.Globalization;
using k8s.Models;

namespace Flotilla.Api.Nodes;

/// <summary>Whether tolerations outweigh a taint. Pure; the scheduler, the controllers and the nodes must agree.</summary>
public static class Tolerations
{
    public static bool Tolerate(IEnumerable<V1Toleration>? tolerations, V1Taint taint)
    {
        foreach (var toleration in tolerations ?? [])
        {
            if (Tolerates(toleration, taint))
            {
                return true;
            }
        }

        return false;
    }

    public static bool Tolerates(V1Toleration toleration, V1Taint taint)
    {
        if (!string.IsNullOrEmpty(toleration.Effect) && toleration.Effect != taint.Effect)
        {
            return false;
        }

        if (!string.IsNullOrEmpty(toleration.Key) && toleration.Key != taint.Key)
        {
            return false;
        }

        return toleration.OperatorProperty switch
        {
            null or "" or "Equal" => (toleration.Value ?? "") == (taint.Value ?? ""),
            "Exists" => true,
            "Lt" => Compare(taint.Value, toleration.Value) < 0,
            "Gt" => Compare(taint.Value, toleration.Value) > 0,
            _ => false,
        };
    }

    private static int Compare(string? left, string? right) =>
        long.TryParse(left, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var a)
        && long.TryParse(right, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var b)
            ? a.CompareTo(b)
            : 0;
}
