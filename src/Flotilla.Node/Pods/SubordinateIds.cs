using System.Globalization;

namespace Flotilla.Node.Pods;

/// <summary>Ids of the machine that a user may give away: lines <c>user:first:length</c> of <c>/etc/subuid</c> and <c>/etc/subgid</c>.</summary>
internal static class SubordinateIds
{
    /// <summary>Whose ids are those of pods, as for other node agents.</summary>
    public const string User = "kubelet";

    /// <returns>null: the user is given none.</returns>
    /// <exception cref="UnsupportedException">What the files give cannot be used.</exception>
    public static IdRange? Of(string user, string uidFile, string gidFile)
    {
        var (uids, gids) = (Read(user, uidFile), Read(user, gidFile));
        return uids.Count == 0 && gids.Count == 0 ? null
            : uids.Count == 1 && gids.Count == 1 && uids[0] == gids[0] ? uids[0]
            : throw new UnsupportedException($"{uidFile} and {gidFile} must give {user} one range, and the same");
    }

    private static List<IdRange> Read(string user, string file) => !File.Exists(file) ? [] :
        [.. File.ReadLines(file).Select(line => line.Trim().Split(':')).Where(fields => fields.Length == 3 && fields[0] == user).Select(fields => Range(fields, file))];

    private static IdRange Range(string[] fields, string file) =>
        uint.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var first) && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? new IdRange(first, length)
            : throw new UnsupportedException($"{file}: \"{string.Join(':', fields)}\" does not name a user, a first id and a number of ids");
}

internal sealed record IdRange(uint First, uint Length);
