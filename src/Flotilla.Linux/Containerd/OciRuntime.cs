namespace Flotilla.Linux.Containerd;

/// <summary>A program that makes the containers themselves, which containerd's shim for runc starts as well as runc.</summary>
public sealed record OciRuntime(string Name, string Path)
{
    public const string Usual = "runc";

    /// <summary>Those that are known to work, the usual one first.</summary>
    public static IReadOnlyList<string> Names { get; } = [Usual, "crun"];

    /// <summary>Those in the directories of a search path like <c>$PATH</c>; the usual one first.</summary>
    public static IReadOnlyList<OciRuntime> Installed(string searchPath)
    {
        var directories = searchPath.Split(':', StringSplitOptions.RemoveEmptyEntries);
        return [.. from name in Names
                   let path = directories.Select(directory => System.IO.Path.Combine(directory, name)).FirstOrDefault(File.Exists)
                   where path is not null
                   select new OciRuntime(name, path)];
    }

    /// <summary>Those of this process's <c>$PATH</c>.</summary>
    public static IReadOnlyList<OciRuntime> Installed() => Installed(Environment.GetEnvironmentVariable("PATH") ?? "");
}
