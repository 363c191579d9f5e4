using System.Text.Json;

namespace Flotilla.Engine.Dockerfiles;

/// <summary>One instruction of a Dockerfile.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Keyword">In capitals.</param>
/// <param name="Flags"><c>--name=value</c>, in their order.</param>
/// <param name="Rest">What follows them.</param>
/// <param name="Original">As it is written, on one line.</param>
internal sealed record Instruction(int Line, string Keyword, IReadOnlyList<string> Flags, string Rest, string Original)
{
    /// <summary>Those that its words announce, in their order.</summary>
    public IReadOnlyList<HereDocument> Documents { get; init; } = [];

    /// <summary>The words of a JSON array; null: it is written for a shell.</summary>
    public IReadOnlyList<string>? Array
    {
        get
        {
            if (!Rest.StartsWith('['))
            {
                return null;
            }

            try
            {
                return JsonSerializer.Deserialize<string[]>(Rest) is { } words && !words.Contains(null) ? words : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>The values of a flag that may stand several times.</summary>
    public IEnumerable<string> FlagValues(string name) => Flags.Where(flag => flag.StartsWith($"--{name}=", StringComparison.Ordinal)).Select(flag => flag[(name.Length + 3)..]);

    /// <summary>A flag that is true where it stands alone; null: it is not there.</summary>
    /// <exception cref="DockerfileException">It is neither true nor false.</exception>
    public bool? Switch(string name) => Flag(name)?.ToLowerInvariant() switch
    {
        null => null,
        "" or "true" or "1" => true,
        "false" or "0" => false,
        var other => throw Wrong($"expecting boolean value for flag {name}, not: {other}"),
    };

    /// <summary>The value of a flag; null: it is not there.</summary>
    public string? Flag(string name) => Flags.FirstOrDefault(flag => flag == "--" + name || flag.StartsWith($"--{name}=", StringComparison.Ordinal)) is not { } flag ? null
        : flag.Length > name.Length + 2 ? flag[(name.Length + 3)..] : "";

    /// <exception cref="DockerfileException">There is a flag that this instruction does not have.</exception>
    public void RequireFlags(params ReadOnlySpan<string> known) => RequireFlags(known, []);

    /// <param name="switches">They may stand without a value.</param>
    public void RequireFlags(ReadOnlySpan<string> known, ReadOnlySpan<string> switches)
    {
        foreach (var flag in Flags)
        {
            var name = flag[2..].Split('=')[0];
            if (switches.Contains(name))
            {
                continue;
            }

            if (!known.Contains(name))
            {
                throw Wrong($"unknown flag --{name} of {Keyword}; {(known.Length == 0 ? "it takes none" : $"it takes --{string.Join(", --", [.. known, .. switches])}")}");
            }

            if (!flag.Contains('=', StringComparison.Ordinal))
            {
                throw Wrong($"--{name} of {Keyword} needs a value: --{name}=...");
            }
        }
    }

    /// <summary>A word of it with its variables.</summary>
    /// <exception cref="DockerfileException">It is not written so that it could be.</exception>
    public string Resolve(ShellWords words, string text)
    {
        try
        {
            return words.Expand(text);
        }
        catch (FormatException wrong)
        {
            throw Wrong($"{Keyword}: {wrong.Message}");
        }
    }

    public DockerfileException Wrong(string reason) => new(Line, reason);
}

/// <summary>What is wrong on a line, and what to do.</summary>
internal sealed class DockerfileException(int line, string reason) : Exception(reason)
{
    public int Line => line;
}
