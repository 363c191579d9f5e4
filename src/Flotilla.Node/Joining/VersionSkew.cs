using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Node.Joining;

/// <summary>
/// Which agents a server works with. Versions are Kubernetes' with Flotilla's own behind it: <c>v1.36.2+flotilla.0.1.0</c>.
/// By the first an agent may be as old as upstream lets a kubelet be, by the second one minor version; never newer.
/// </summary>
public static partial class VersionSkew
{
    private const int OldestKubernetesBehind = 3;
    private const int OldestBehind = 1;
    private const int TooFar = 1000;

    /// <summary>Null: they work together.</summary>
    public static string? Problem(string? server, string agent)
    {
        if (Parse(server) is not { } theirs || Parse(agent) is not { } ours)
        {
            return $"What answers there is of the version '{server}', which is none of Kubernetes; check --server.";
        }

        var kubernetes = theirs.Kubernetes - ours.Kubernetes;
        var own = theirs.Own is { } newer && ours.Own is { } older ? Behind(newer, older) : 0;
        if (kubernetes < 0 || own < 0)
        {
            return $"The server ({server}) is older than this agent ({agent}); upgrade the servers first, or use an agent of the server's version.";
        }

        return kubernetes > OldestKubernetesBehind ? TooNew(OldestKubernetesBehind) : own > OldestBehind ? TooNew(OldestBehind) : null;

        string TooNew(int most) =>
            $"The server ({server}) is too new for this agent ({agent}), which may be {most} minor version{(most == 1 ? "" : "s")} behind at most; upgrade the agent.";
    }

    // How many minor versions the last one was of its major version, nobody here knows: the first of the next is one more.
    private static int Behind(Version newer, Version older) =>
        newer.Major == older.Major ? newer.Minor - older.Minor
        : newer.Major < older.Major ? -1
        : newer.Major == older.Major + 1 && newer.Minor == 0 ? 1
        : TooFar;

    private static (int Kubernetes, Version? Own)? Parse(string? text) => text is not null && Pattern().Match(text) is { Success: true } match
        ? (int.Parse(match.Groups["minor"].Value, CultureInfo.InvariantCulture), Version.TryParse(match.Groups["own"].Value, out var own) ? own : null)
        : null;

    [GeneratedRegex("^v?1\\.(?<minor>[0-9]{1,4})(\\.[0-9]+\\+flotilla\\.(?<own>[0-9]{1,4}\\.[0-9]{1,4}))?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
