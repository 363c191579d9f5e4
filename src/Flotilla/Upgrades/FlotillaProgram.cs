using System.Globalization;
using Flotilla.Linux.Commands;
using Flotilla.Local;

namespace Flotilla.Upgrades;

/// <summary>What <c>flotilla version</c> says of a program.</summary>
/// <param name="Kubernetes">Of the API that it serves.</param>
internal sealed record ProgramVersion(string Version, string Kubernetes, int DataVersion)
{
    private const int ShortCommit = 7;

    public string Number => Version.Split('+')[0];

    /// <summary>As a server of it tells it.</summary>
    public string Served => $"{Kubernetes}+flotilla.{Number}";

    /// <summary>For people: <c>0.1.0 (35266d3)</c>.</summary>
    public override string ToString() =>
        Version.Split('+') is [var number, { Length: >= ShortCommit } commit] ? $"{number} ({commit[..ShortCommit]})" : Version;
}

/// <summary>A Flotilla on disk, by the words that run it: those of the native host, or <c>dotnet flotilla.dll</c>.</summary>
internal sealed record FlotillaProgram(IReadOnlyList<string> Words)
{
    private const string Host = "flotilla";
    private const string Assembly = "flotilla.dll";

    /// <summary>This one.</summary>
    public static FlotillaProgram Own { get; } = Environment.ProcessPath is { } path && Path.GetFileName(path) != "dotnet"
        ? new([path])
        : new([Environment.ProcessPath!, Path.Combine(AppContext.BaseDirectory, Assembly)]);

    public string File => Words[^1];

    public string Directory => Path.GetDirectoryName(File)!;

    /// <param name="path">The program, or the directory it lies in.</param>
    /// <exception cref="UserError">There is none.</exception>
    public static FlotillaProgram At(string path)
    {
        var file = Path.GetFullPath(System.IO.Directory.Exists(path) ? Path.Combine(path, Host) : path);
        return System.IO.File.Exists(file) && System.IO.File.Exists(Path.Combine(Path.GetDirectoryName(file)!, Assembly))
            ? new(Path.GetFileName(file) == Assembly ? ["dotnet", file] : [file])
            : throw new UserError($"{path} is no program of Flotilla; name the file 'flotilla' beside flotilla.dll, as a build or a release has it.");
    }

    /// <summary>The one that a server or an agent runs, by its command line; null: it is neither, or has ended.</summary>
    public static FlotillaProgram? Of(int process)
    {
        try
        {
            var words = System.IO.File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
            var end = Array.FindIndex(words, word => word is ServerProcess.CommandName or ServerProcess.AgentName);
            return end > 0 ? new(words[..end]) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public FlotillaProgram In(string directory) => new([.. Words.SkipLast(1), Path.Combine(directory, Path.GetFileName(File))]);

    /// <summary>Also proves that it can run here.</summary>
    /// <exception cref="UserError">It cannot.</exception>
    public async Task<ProgramVersion> VersionAsync(CancellationToken cancellationToken)
    {
        if (!System.IO.File.Exists(File))
        {
            throw new UserError($"The program {File} is no longer on disk.");
        }

        var said = await new HostCommands().RunAsync(Words[0], [.. Words.Skip(1), "version"], cancellationToken);
        var facts = said.Output.Split('\n').Select(line => line.Split(' ')).Where(parts => parts.Length == 2).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);
        return said.Succeeded && facts.TryGetValue("flotilla", out var version) && facts.TryGetValue("kubernetes", out var kubernetes)
            ? new ProgramVersion(version, kubernetes, facts.TryGetValue("data", out var data) ? int.Parse(data, CultureInfo.InvariantCulture) : 1)
            : throw new UserError($"The program {File} does not run on this machine: {(said.Error + said.Output).Trim().ReplaceLineEndings(" ")}");
    }
}
