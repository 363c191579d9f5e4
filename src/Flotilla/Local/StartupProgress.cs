namespace Flotilla.Local;

/// <summary>How far a starting server is, told through a file to the <c>up</c> that waits for it.</summary>
internal sealed class StartupProgress(string file)
{
    public const string ApiAnswers = "Kubernetes API answers";
    public const string Ready = "node is Ready";

    /// <summary>Its last step, until somebody unlocks it.</summary>
    public const string Locked = "locked";
    private const string FailurePrefix = "failed: ";

    private readonly Lock gate = new();

    public static string? FailureOf(string step) =>
        step.StartsWith(FailurePrefix, StringComparison.Ordinal) ? step[FailurePrefix.Length..] : null;

    /// <summary>The complete lines so far.</summary>
    public IReadOnlyList<string> Read()
    {
        try
        {
            var text = File.ReadAllText(file);
            return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    public void Clear()
    {
        if (File.Exists(file))
        {
            File.Delete(file);
        }
    }

    public void Report(string step)
    {
        lock (gate)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.AppendAllText(file, step + "\n");
        }
    }

    /// <summary>For the <c>up</c> that waits; without one there is no directory for the file, and the error output tells.</summary>
    public void Fail(string reason)
    {
        if (Directory.Exists(Path.GetDirectoryName(file)))
        {
            Report(FailurePrefix + reason.ReplaceLineEndings(" "));
        }
    }
}
