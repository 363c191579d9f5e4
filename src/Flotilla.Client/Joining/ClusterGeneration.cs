using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Client.Joining;

/// <summary>
/// Which of several clusters that were one a server belongs to: when it was last made to go on without the others (<c>--force-new-cluster</c>, or a backup that was
/// restored), in milliseconds since 1970; 0: never. Servers show it as a name in their certificate, so that the cluster's authority vouches for it. Pure.
/// </summary>
public static class ClusterGeneration
{
    /// <summary>Beside a server's certificates, and a node's.</summary>
    public const string FileName = "generation";

    private const string Suffix = ".generation.flotilla";
    private const char Mark = 'g';

    /// <summary>The name that stands for it in certificates; null: for the first one none does.</summary>
    public static string? NameOf(long generation) => generation == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{Mark}{generation}{Suffix}");

    /// <param name="server">What a server has shown.</param>
    public static long Of(X509Certificate2 server) => server.Extensions.OfType<X509SubjectAlternativeNameExtension>()
        .SelectMany(names => names.EnumerateDnsNames()).Select(Parse).DefaultIfEmpty(0).Max();

    /// <summary>What follows <paramref name="before"/>, now.</summary>
    public static long After(long before, DateTimeOffset now) => Math.Max(before + 1, now.ToUnixTimeMilliseconds());

    /// <param name="directory">Of a server's or node's certificates.</param>
    public static long Read(string directory) =>
        Path.Combine(directory, FileName) is var path && File.Exists(path) && long.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out var generation) ? generation : 0;

    public static void Write(string directory, long generation)
    {
        var path = Path.Combine(directory, FileName);
        File.WriteAllText(path + ".new", generation.ToString(CultureInfo.InvariantCulture));
        File.Move(path + ".new", path, overwrite: true);
    }

    private static long Parse(string name) =>
        name.Length > Suffix.Length && name[0] == Mark && name.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase)
        && long.TryParse(name.AsSpan(1, name.Length - 1 - Suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var generation) ? generation : 0;
}
