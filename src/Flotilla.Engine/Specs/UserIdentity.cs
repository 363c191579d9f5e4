using System.Globalization;
using Flotilla.Docker;

namespace Flotilla.Engine.Specs;

/// <summary>Who a process is, by numbers.</summary>
internal sealed record UserIdentity(int User, int Group, IReadOnlyList<int> MoreGroups, string Home)
{
    /// <param name="wanted"><c>user[:group]</c>, each a name or a number; empty: root.</param>
    /// <param name="passwd">The lines of the container's own <c>/etc/passwd</c>.</param>
    /// <exception cref="DockerException">It names somebody that the container does not know.</exception>
    public static UserIdentity Find(string wanted, IReadOnlyList<string> passwd, IReadOnlyList<string> group)
    {
        var words = wanted.Split(':', 2);
        var name = words[0].Length == 0 ? "0" : words[0];
        var entry = passwd.Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length >= 6 && (fields[0] == name || fields[2] == name));
        var user = entry is not null ? Number(entry[2]) : TryNumber(name) ?? throw DockerException.BadRequest($"unable to find user {name}: no matching entries in passwd file");
        var groups = group.Select(line => line.Split(':')).Where(fields => fields.Length >= 4).ToList();
        if (words.Length == 2 && words[1].Length > 0)
        {
            var chosen = groups.FirstOrDefault(fields => fields[0] == words[1] || fields[2] == words[1]);
            return new UserIdentity(user, chosen is not null ? Number(chosen[2]) : TryNumber(words[1]) ?? throw DockerException.BadRequest($"unable to find group {words[1]}: no matching entries in group file"), [], HomeOf(entry));
        }

        var member = entry?[0];
        return new UserIdentity(
            user, entry is null ? 0 : Number(entry[3]),
            [.. groups.Where(fields => member is not null && fields[3].Split(',').Contains(member)).Select(fields => Number(fields[2]))], HomeOf(entry));
    }

    /// <summary>Groups that were asked for beside: names or numbers.</summary>
    public static int GroupNumber(string wanted, IReadOnlyList<string> group) =>
        group.Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length >= 3 && fields[0] == wanted) is { } entry ? Number(entry[2])
        : TryNumber(wanted) ?? throw DockerException.BadRequest($"Unable to find group {wanted}");

    private static string HomeOf(string[]? entry) => entry is { Length: > 5 } && entry[5].Length > 0 ? entry[5] : "/";

    private static int Number(string text) => TryNumber(text) ?? 0;

    private static int? TryNumber(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
