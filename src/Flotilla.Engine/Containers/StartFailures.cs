namespace Flotilla.Engine.Containers;

/// <summary>The exit code of a process that could not be started, by the runtime's words. Shells have the same codes.</summary>
internal static class StartFailures
{
    private const int NotInvoked = 126;
    private const int NotFound = 127;
    private const int Unknown = 128;

    public static int ExitCode(string said) =>
        Says(said, "executable file not found") || Says(said, "no such file or directory") ? NotFound
        : Says(said, "permission denied") || Says(said, "not a directory") || Says(said, "is a directory") || Says(said, "no matching entries in passwd file") ? NotInvoked
        : Unknown;

    private static bool Says(string said, string words) => said.Contains(words, StringComparison.OrdinalIgnoreCase);
}
