namespace Flotilla.EndToEnd.Tools;

/// <summary>Where this clone lies.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>For what is downloaded or built once and ignored by git.</summary>
    public static string BuildDirectory => Directory.CreateDirectory(Path.Combine(Root, ".build", "tools")).FullName;

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Flotilla.slnx")))
            {
                return directory.FullName;
            }
        }

        throw new DirectoryNotFoundException("These tests must run inside a clone of the repository.");
    }
}
