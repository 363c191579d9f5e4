using Flotilla.Docker;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Building;

/// <summary>A <c>RUN</c>: what is executed, and with what at hand. Pure.</summary>
/// <param name="Script">A program written in the Dockerfile, that the command begins; empty: there is none.</param>
/// <param name="Network">Empty: the build's.</param>
internal sealed record RunInstruction(Instruction Instruction, IReadOnlyList<string> Command, (string Name, string Text) Script, IReadOnlyList<RunMount> Mounts, string Network)
{
    /// <summary>Where a script is in the container.</summary>
    public const string ScriptDirectory = "/dev/pipes";

    /// <exception cref="DockerfileException">It asks for what cannot be.</exception>
    public static RunInstruction Of(Instruction instruction, ShellWords words, IReadOnlyList<string> shell, string workingDirectory)
    {
        instruction.RequireFlags("mount", "network", "security");
        if (instruction.Flag("security") is { } security && security != "sandbox")
        {
            throw instruction.Wrong($"RUN --security={security} is not allowed: commands of a build have the rights of a usual container; run what needs more with 'docker run --privileged' and 'docker commit'");
        }

        var (command, script) = Told(instruction, shell);
        return new RunInstruction(instruction, command, script, [.. instruction.FlagValues("mount").Select(mount => RunMount.Of(instruction, mount, words, workingDirectory))], NetworkOf(instruction));
    }

    private static string NetworkOf(Instruction instruction) => instruction.Flag("network") switch
    {
        null or "default" => "",
        "none" => BuiltInNetworks.None,
        "host" => throw instruction.Wrong("RUN --network=host is not allowed: say it for the whole build, with 'docker build --network host'"),
        var other => throw instruction.Wrong($"unsupported network mode \"{other}\" of RUN --network; it is default or none"),
    };

    // One here-document and nothing else is the script itself; of others the shell makes what it will.
    private static (IReadOnlyList<string> Command, (string Name, string Text) Script) Told(Instruction instruction, IReadOnlyList<string> shell)
    {
        if (instruction.Documents.Count == 0)
        {
            return (instruction.Array ?? [.. shell, instruction.Rest], default);
        }

        if (instruction.Documents.Count > 1 || HereDocument.Announced(instruction.Rest) is null)
        {
            return ([.. shell, string.Join('\n', [instruction.Rest, .. instruction.Documents.Select(document => document.Written)])], default);
        }

        var (name, text) = (instruction.Documents[0].Name, instruction.Documents[0].Text);
        if (!text.StartsWith("#!", StringComparison.Ordinal))
        {
            return ([.. shell, text], default);
        }

        return name.Contains('/', StringComparison.Ordinal)
            ? throw instruction.Wrong($"{name} names a here-document and so its file, which has no directory")
            : ([.. shell, $"{ScriptDirectory}/{name}"], (name, text));
    }
}
