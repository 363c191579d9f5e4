using System.Globalization;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Building;

/// <summary>A <c>COPY</c> or <c>ADD</c> with its words resolved. Pure.</summary>
/// <param name="Destination">Absolute; ends with a slash where it was written so.</param>
/// <param name="From">A stage or image; empty: the build context.</param>
/// <param name="Owner">As written; empty: whoever owns it.</param>
/// <param name="Mode">Permissions for all that is copied; null: what they are.</param>
internal sealed record CopyInstruction(Instruction Instruction, IReadOnlyList<string> Sources, string Destination, string From, string Owner, int? Mode)
{
    private const int HighestMode = 0xFFF;

    public bool Unpacks => Instruction.Keyword == "ADD";

    /// <exception cref="DockerfileException">It does not say what it must.</exception>
    public static CopyInstruction Of(Instruction instruction, ShellWords words, string workingDirectory)
    {
        if (instruction.Keyword == "COPY")
        {
            instruction.RequireFlags("from", "chown", "chmod");
        }
        else
        {
            instruction.RequireFlags("chown", "chmod");
        }

        IReadOnlyList<string> parts = [.. (instruction.Array ?? words.Split(instruction.Rest)).Select(word => instruction.Resolve(words, word))];
        if (parts.Count < 2)
        {
            throw instruction.Wrong($"{instruction.Keyword} requires at least two arguments: what to copy, and where to");
        }

        var (sources, wanted) = (parts.SkipLast(1).ToList(), parts[^1]);
        if (sources.Count > 1 && !wanted.EndsWith('/') && wanted != ".")
        {
            throw instruction.Wrong($"When using {instruction.Keyword} with more than one source file, the destination must be a directory and end with a /");
        }

        if (sources.FirstOrDefault(source => source.StartsWith("http://", StringComparison.Ordinal) || source.StartsWith("https://", StringComparison.Ordinal) || source.StartsWith("git@", StringComparison.Ordinal)) is { } address)
        {
            throw instruction.Wrong($"{address} is not fetched; download it with RUN, or put it into the build context");
        }

        var full = Path.GetFullPath(wanted, workingDirectory.Length > 0 ? workingDirectory : "/");
        var isDirectory = wanted.EndsWith('/') || wanted is "." || wanted.EndsWith("/.", StringComparison.Ordinal);
        return new CopyInstruction(
            instruction, sources, isDirectory && !full.EndsWith('/') ? full + "/" : full,
            instruction.Resolve(words, instruction.Flag("from") ?? ""), instruction.Resolve(words, instruction.Flag("chown") ?? ""), ModeOf(instruction, words));
    }

    private static int? ModeOf(Instruction instruction, ShellWords words)
    {
        if (instruction.Flag("chmod") is not { } flag)
        {
            return null;
        }

        var text = instruction.Resolve(words, flag);
        try
        {
            var mode = Convert.ToInt32(text, 8);
            return mode is >= 0 and <= HighestMode ? mode : throw new FormatException();
        }
        catch (Exception wrong) when (wrong is FormatException or ArgumentException or OverflowException)
        {
            throw instruction.Wrong(string.Create(CultureInfo.InvariantCulture, $"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777"));
        }
    }
}
