using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Flotilla.Ingress.Passwords;

/// <summary>
/// The users of one Secret. Good hashes are slow on purpose and browsers send the password with every request, so a
/// password that was right once is recognised by a quick keyed hash.
/// </summary>
internal sealed class PasswordFile
{
    private const int MostRemembered = 1000;
    private readonly Dictionary<string, string> users;
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, byte[]> right = new(StringComparer.Ordinal);

    private PasswordFile(Dictionary<string, string> users) => this.users = users;

    /// <summary>Users whose hash is of a kind that nothing here can check: they cannot come in.</summary>
    public IReadOnlyList<string> Refused => [.. users.Where(user => !PasswordHash.IsKnown(user.Value)).Select(user => user.Key)];

    /// <summary>Lines <c>user:hash</c>.</summary>
    public static PasswordFile OfLines(string text)
    {
        var users = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(':');
            if (parts.Length > 1 && line[0] != '#')
            {
                users[parts[0]] = parts[1];
            }
        }

        return new PasswordFile(users);
    }

    /// <summary>One hash a user.</summary>
    public static PasswordFile OfMap(IEnumerable<KeyValuePair<string, byte[]>> data) =>
        new(data.ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetString(pair.Value).Trim(), StringComparer.Ordinal));

    public bool Allow(string user, string password)
    {
        if (!users.TryGetValue(user, out var hash))
        {
            return false;
        }

        var mark = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{user}\0{password}"));
        if (right.TryGetValue(user, out var known) && CryptographicOperations.FixedTimeEquals(known, mark))
        {
            return true;
        }

        if (!PasswordHash.Matches(password, hash))
        {
            return false;
        }

        if (right.Count < MostRemembered)
        {
            right[user] = mark;
        }

        return true;
    }
}
