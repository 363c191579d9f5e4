using System.Globalization;

namespace Flotilla.Node.Containerd;

/// <summary>What containerd says of its version: <c>1.6.20~ds1</c>, <c>v2.1.9</c>, <c>2.1.9+unknown</c>.</summary>
internal static class ContainerdVersion
{
    /// <returns>0: it says nothing that is a number.</returns>
    public static int Major(string version) =>
        int.TryParse(version.TrimStart('v').Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;
}
