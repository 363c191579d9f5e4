using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Building;

/// <summary>Values for <c>ARG</c>s: those given with the build, and defaults. A name that no ARG has said is not seen. Pure but for what it remembers.</summary>
/// <param name="given">With <c>--build-arg</c>; null: said without a value.</param>
internal sealed class BuildArguments(IReadOnlyDictionary<string, string?> given)
{
    // What everybody needs behind a proxy, without being part of the image.
    private static readonly HashSet<string> Known = new(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"], StringComparer.Ordinal);
    private readonly Dictionary<string, string?> global = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> stage = new(StringComparer.Ordinal);
    private readonly HashSet<string> said = new(StringComparer.Ordinal);

    public IEnumerable<string> Unused => given.Keys.Where(name => !said.Contains(name) && !Known.Contains(name)).Order(StringComparer.Ordinal);

    /// <summary>Before the first stage, for its FROM.</summary>
    public string? Global(string name) => global.GetValueOrDefault(name);

    public string? InStage(string name) => stage.GetValueOrDefault(name) ?? (Known.Contains(name) ? given.GetValueOrDefault(name) : null);

    public void BeginStage() => stage.Clear();

    /// <returns>What history says of it.</returns>
    /// <exception cref="DockerfileException">It does not say a name.</exception>
    public string Declare(Instruction instruction, ShellWords words, bool isGlobal)
    {
        List<string> lines = [];
        foreach (var word in words.Split(instruction.Rest))
        {
            var pair = word.Split('=', 2);
            var name = words.Expand(pair[0]);
            if (name.Length == 0)
            {
                throw instruction.Wrong("ARG names can not be blank");
            }

            var value = pair.Length == 2 ? words.Expand(pair[1]) : null;
            said.Add(name);
            (isGlobal ? global : stage)[name] = given.TryGetValue(name, out var asked) ? asked : value ?? (isGlobal ? null : global.GetValueOrDefault(name));
            lines.Add(value is null ? name : $"{name}={value}");
        }

        return "ARG " + string.Join(' ', lines);
    }

    /// <summary>For commands: all that are set and that the image does not set itself, those first that are part of the cache.</summary>
    public (IReadOnlyList<string> Counting, IReadOnlyList<string> Others) ForCommands(IEnumerable<string> environment)
    {
        var own = environment.Select(line => line.Split('=')[0]).ToHashSet(StringComparer.Ordinal);
        var counting = stage.Where(pair => pair.Value is not null && !own.Contains(pair.Key)).Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal).ToList();
        var others = given.Where(pair => pair.Value is not null && Known.Contains(pair.Key) && !own.Contains(pair.Key) && !stage.ContainsKey(pair.Key)).Select(pair => $"{pair.Key}={pair.Value}").ToList();
        return (counting, others);
    }
}
