using System.Globalization;
using System.Text;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Building;

internal enum RunMountKind
{
    Bind,
    Cache,
    Tmpfs,
}

/// <summary>Who may have the files of a cache at the same time.</summary>
internal enum CacheSharing
{
    /// <summary>Any number of commands.</summary>
    Shared,

    /// <summary>One; others get files of their own.</summary>
    Private,

    /// <summary>One; others wait.</summary>
    Locked,
}

/// <summary>One <c>--mount</c> of a <c>RUN</c>. Pure.</summary>
/// <param name="Target">Absolute, in the container.</param>
/// <param name="Source">In what it comes from; empty: all of it.</param>
/// <param name="From">A stage or image; empty: the build context, or for a cache nothing.</param>
/// <param name="CacheId">Caches of one id are the same.</param>
/// <param name="Mode">Permissions of a new cache.</param>
/// <param name="Bytes">The most in memory; null: no limit of its own.</param>
internal sealed record RunMount(RunMountKind Kind, string Target, string Source, string From, bool IsReadOnly, string CacheId, CacheSharing Sharing, int Mode, int User, int Group, long? Bytes)
{
    private const int DefaultMode = 0x1ED;
    private static readonly string[] Common = ["type", "target", "dst", "destination"];
    private static readonly string[] Access = ["readonly", "ro", "readwrite", "rw"];

    /// <param name="text">As the flag has it: <c>type=cache,target=/x</c>.</param>
    /// <exception cref="DockerfileException">It cannot be.</exception>
    public static RunMount Of(Instruction instruction, string text, ShellWords words, string workingDirectory)
    {
        var fields = new MountFields(instruction, text, words);
        return fields.Text("type", "bind") switch
        {
            "bind" => Bind(fields, workingDirectory),
            "cache" => Cache(fields, workingDirectory),
            "tmpfs" => Tmpfs(fields, workingDirectory),
            "secret" => throw instruction.Wrong("RUN --mount=type=secret needs BuildKit: nothing brings secrets to this engine; give what is no secret afterwards with --build-arg, or COPY the file in a stage of which only the result is copied on"),
            "ssh" => throw instruction.Wrong("RUN --mount=type=ssh needs BuildKit: nothing brings an SSH agent to this engine; fetch what is needed before the build and COPY it"),
            var other => throw instruction.Wrong($"unsupported mount type \"{other}\" of RUN --mount; it is bind, cache or tmpfs"),
        };
    }

    private static RunMount Bind(MountFields fields, string workingDirectory)
    {
        fields.RequireNames([.. Common, .. Access, "source", "src", "from"]);
        return new RunMount(RunMountKind.Bind, Place(fields, workingDirectory), fields.Text("source", "", "src"), fields.Text("from", ""), !fields.IsWritable(absent: false), "", CacheSharing.Shared, 0, 0, 0, null);
    }

    private static RunMount Cache(MountFields fields, string workingDirectory)
    {
        fields.RequireNames([.. Common, .. Access, "source", "src", "from", "id", "sharing", "mode", "uid", "gid"]);
        var target = Place(fields, workingDirectory);
        var sharing = fields.Text("sharing", "shared") switch
        {
            "shared" => CacheSharing.Shared,
            "private" => CacheSharing.Private,
            "locked" => CacheSharing.Locked,
            var other => throw fields.Wrong($"unsupported sharing value \"{other}\"; it is shared, private or locked"),
        };
        return new RunMount(
            RunMountKind.Cache, target, fields.Text("source", "", "src"), fields.Text("from", ""), !fields.IsWritable(absent: true), fields.Text("id", target), sharing,
            fields.Number("mode", DefaultMode, fromBase: 8), fields.Number("uid", 0), fields.Number("gid", 0), null);
    }

    private static RunMount Tmpfs(MountFields fields, string workingDirectory)
    {
        fields.RequireNames([.. Common, "size"]);
        return new RunMount(RunMountKind.Tmpfs, Place(fields, workingDirectory), "", "", false, "", CacheSharing.Shared, 0, 0, 0, fields.Bytes("size"));
    }

    private static string Place(MountFields fields, string workingDirectory)
    {
        var target = fields.Text("target", "", "dst", "destination");
        var path = target.Length == 0 ? throw fields.Wrong("it needs target=PATH: where the command finds it") : Path.GetFullPath(target, workingDirectory.Length > 0 ? workingDirectory : "/");
        return path == "/" ? throw fields.Wrong("target=/ would hide all files of the image") : path.TrimEnd('/');
    }
}

/// <summary>The fields of a <c>--mount</c>, separated by commas outside double quotes. Pure.</summary>
internal sealed class MountFields
{
    private readonly Instruction instruction;
    private readonly string text;
    private readonly Dictionary<string, string> fields = new(StringComparer.Ordinal);

    /// <exception cref="DockerfileException">A variable in it cannot be resolved.</exception>
    public MountFields(Instruction instruction, string text, ShellWords words)
    {
        (this.instruction, this.text) = (instruction, text);
        foreach (var field in Split(text))
        {
            var pair = field.Split('=', 2);
            fields[pair[0].ToLowerInvariant()] = pair.Length == 2 ? instruction.Resolve(words, pair[1]) : "";
        }
    }

    public DockerfileException Wrong(string reason) => instruction.Wrong($"RUN --mount={text}: {reason}");

    /// <exception cref="DockerfileException">It has another field.</exception>
    public void RequireNames(IReadOnlyList<string> known)
    {
        if (fields.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            throw Wrong($"unexpected key '{unknown}'; this type takes {string.Join(", ", known)}");
        }
    }

    public string Text(string name, string absent, params ReadOnlySpan<string> otherNames)
    {
        foreach (var other in otherNames)
        {
            if (fields.TryGetValue(other, out var said))
            {
                return said;
            }
        }

        return fields.GetValueOrDefault(name, absent);
    }

    public bool IsWritable(bool absent) => Flag("rw") ?? Flag("readwrite") ?? !(Flag("ro") ?? Flag("readonly") ?? !absent);

    public int Number(string name, int absent, int fromBase = 10)
    {
        if (!fields.TryGetValue(name, out var said))
        {
            return absent;
        }

        try
        {
            return Convert.ToInt32(said, fromBase) is >= 0 and var number ? number : throw new FormatException();
        }
        catch (Exception wrong) when (wrong is FormatException or OverflowException or ArgumentException)
        {
            throw Wrong($"invalid value {said} for {name}; it is a number{(fromBase == 8 ? " like 0755" : "")}");
        }
    }

    public long? Bytes(string name)
    {
        if (!fields.TryGetValue(name, out var said))
        {
            return null;
        }

        var digits = said.TrimEnd('b', 'B', 'i');
        var power = digits.Length == 0 ? -1 : char.ToLowerInvariant(digits[^1]) switch
        {
            'k' => 1,
            'm' => 2,
            'g' => 3,
            't' => 4,
            _ => 0,
        };
        return power >= 0 && long.TryParse(power > 0 ? digits[..^1] : digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= long.MaxValue >> 10 * power
            ? number << 10 * power : throw Wrong($"invalid value {said} for {name}; it is a size like 64m");
    }

    private bool? Flag(string name) => !fields.TryGetValue(name, out var said) ? null
        : said.Length == 0 || bool.TryParse(said, out var isTrue) && isTrue || said == "1" ? true
        : said is "0" || bool.TryParse(said, out _) ? false : throw Wrong($"invalid value {said} for {name}; it is true or false");

    private static IEnumerable<string> Split(string text)
    {
        var field = new StringBuilder();
        var isQuoted = false;
        foreach (var letter in text)
        {
            if (letter == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (letter == ',' && !isQuoted)
            {
                yield return field.ToString();
                field.Clear();
            }
            else
            {
                field.Append(letter);
            }
        }

        yield return field.ToString();
    }
}
