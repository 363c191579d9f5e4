using System.Globalization;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Building;

/// <summary>A <c>COPY</c> or <c>ADD</c> with its words resolved. Pure.</summary>
/// <param name="Sources">Files of the context, or of <paramref name="From"/>.</param>
/// <param name="Documents">Written in the Dockerfile itself: a file's name and what is in it.</param>
/// <param name="Addresses">To be downloaded.</param>
/// <param name="Checksum">What the download's bytes must come to; empty: anything.</param>
/// <param name="Unpacks">Whether archives are put there as what is in them; null: those of the context.</param>
/// <param name="Destination">Absolute; ends with a slash where it was written so.</param>
/// <param name="From">A stage or image; empty: the build context.</param>
/// <param name="Owner">As written; empty: whoever owns it.</param>
/// <param name="Mode">Permissions for all that is copied; null: what they are.</param>
internal sealed record CopyInstruction(
    Instruction Instruction, IReadOnlyList<string> Sources, IReadOnlyList<(string Name, string Text)> Documents, IReadOnlyList<Uri> Addresses, string Checksum, bool? Unpacks,
    string Destination, string From, string Owner, int? Mode)
{
    private const int HighestMode = 0xFFF;
    private const string Sha256 = "sha256:";

    public bool IsIntoDirectory => Destination.EndsWith('/');

    /// <exception cref="DockerfileException">It does not say what it must.</exception>
    public static CopyInstruction Of(Instruction instruction, ShellWords shell, string workingDirectory)
    {
        var isAdd = instruction.Keyword == "ADD";
        instruction.RequireFlags(isAdd ? ["chown", "chmod", "checksum"] : ["from", "chown", "chmod"], isAdd ? ["link", "unpack"] : ["link"]);
        instruction.Switch("link");
        IReadOnlyList<string> words = [.. instruction.Array ?? shell.Split(instruction.Rest)];
        if (words.Count < 2)
        {
            throw instruction.Wrong($"{instruction.Keyword} requires at least two arguments: what to copy, and where to");
        }

        var wanted = instruction.Resolve(shell, words[^1]);
        if (words.Count > 2 && !wanted.EndsWith('/') && wanted != ".")
        {
            throw instruction.Wrong($"When using {instruction.Keyword} with more than one source file, the destination must be a directory and end with a /");
        }

        var sources = words.SkipLast(1).Where(word => instruction.Documents.Count == 0 || HereDocument.Announced(word) is null).Select(word => instruction.Resolve(shell, word)).ToLookup(IsAddress);
        if (!isAdd && sources[true].FirstOrDefault() is { } address)
        {
            throw instruction.Wrong($"source can't be a URL for COPY: {address}; use ADD");
        }

        var checksum = instruction.Resolve(shell, instruction.Flag("checksum") ?? "");
        if (checksum.Length > 0)
        {
            RequireChecksum(instruction, checksum, sources[true].Count() == 1 && words.Count == 2);
        }

        var full = Path.GetFullPath(wanted, workingDirectory.Length > 0 ? workingDirectory : "/");
        var isDirectory = wanted.EndsWith('/') || wanted is "." || wanted.EndsWith("/.", StringComparison.Ordinal);
        return new CopyInstruction(
            instruction, [.. sources[false]], [.. instruction.Documents.Select(document => (FileName(instruction, document.Name), Text(instruction, document, shell)))],
            [.. sources[true].Select(text => AddressOf(instruction, text))], checksum, isAdd ? instruction.Switch("unpack") : false, isDirectory && !full.EndsWith('/') ? full + "/" : full,
            instruction.Resolve(shell, instruction.Flag("from") ?? ""), instruction.Resolve(shell, instruction.Flag("chown") ?? ""), ModeOf(instruction, shell));
    }

    private static bool IsAddress(string source) =>
        source.StartsWith("http://", StringComparison.Ordinal) || source.StartsWith("https://", StringComparison.Ordinal) || source.StartsWith("git@", StringComparison.Ordinal);

    private static Uri AddressOf(Instruction instruction, string text)
    {
        var path = text.Split('#', '?')[0];
        return path.EndsWith(".git", StringComparison.Ordinal) || text.StartsWith("git@", StringComparison.Ordinal)
            ? throw instruction.Wrong($"{text} is a repository, which is not cloned; put it into the build context, or clone it with RUN")
            : Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : throw instruction.Wrong($"{text} is no address");
    }

    private static void RequireChecksum(Instruction instruction, string checksum, bool isOneAddress)
    {
        if (!isOneAddress)
        {
            throw instruction.Wrong("checksum can only be specified for a single remote source: ADD --checksum=sha256:... https://... DESTINATION");
        }

        if (!checksum.StartsWith(Sha256, StringComparison.Ordinal) || checksum.Length != Sha256.Length + 64 || !checksum[Sha256.Length..].All(char.IsAsciiHexDigitLower))
        {
            throw instruction.Wrong($"invalid checksum: {checksum}; it is sha256: and 64 digits, as sha256sum prints them");
        }
    }

    private static string FileName(Instruction instruction, string name) =>
        name.Contains('/', StringComparison.Ordinal) || name is "." or ".." ? throw instruction.Wrong($"{name} names a here-document and so its file, which has no directory") : name;

    private static string Text(Instruction instruction, HereDocument document, ShellWords shell)
    {
        try
        {
            return document.Expands ? shell.ExpandLines(document.Text) : document.Text;
        }
        catch (FormatException wrong)
        {
            throw instruction.Wrong($"{instruction.Keyword} <<{document.Name}: {wrong.Message}");
        }
    }

    private static int? ModeOf(Instruction instruction, ShellWords shell)
    {
        if (instruction.Flag("chmod") is not { } flag)
        {
            return null;
        }

        var text = instruction.Resolve(shell, flag);
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
