namespace Flotilla.EndToEnd.Tools;

/// <summary>Programs of Debian packages, unpacked beside the build and not installed, to be put into images.</summary>
internal static class DebianPrograms
{
    /// <summary>The environment in which the programs, and the libraries they need, are found.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> GetAsync(params string[] packages)
    {
        var directory = Path.Combine(Repository.BuildDirectory, "debian", string.Join('-', packages));
        if (!Directory.Exists(directory))
        {
            await FetchAsync(packages, directory);
        }

        // What the machine has itself is not fetched; then there may be no libraries at all.
        var lib = Directory.CreateDirectory(Path.Combine(directory, "usr", "lib")).FullName;
        var libraries = Directory.EnumerateDirectories(lib, "*-linux-gnu").FirstOrDefault() ?? lib;
        return new Dictionary<string, string>
        {
            ["PATH"] = $"{directory}/usr/bin:{Environment.GetEnvironmentVariable("PATH")}",
            ["LD_LIBRARY_PATH"] = libraries,
        };
    }

    private static async Task FetchAsync(string[] packages, string directory)
    {
        var work = Directory.CreateDirectory($"{directory}.new").FullName;
        List<string> wanted = [.. packages];
        for (var i = 0; i < wanted.Count; i++)
        {
            wanted.AddRange((await MissingAsync(wanted[i])).Except(wanted));
        }

        (await CommandLine.RunAsync("sh", ["-c", $"cd '{work}' && apt-get download -qq {string.Join(' ', wanted)} && for p in *.deb; do dpkg -x \"$p\" . && rm \"$p\"; done"])).Success();
        Directory.Move(work, directory);
    }

    /// <summary>What a package needs and this machine has not.</summary>
    private static async Task<IEnumerable<string>> MissingAsync(string package)
    {
        var output = (await CommandLine.RunAsync("apt-cache", ["depends", "--important", "--no-pre-depends", package])).Success();
        var names = output.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("Depends: ", StringComparison.Ordinal)).Select(line => line[9..]);
        List<string> missing = [];
        foreach (var name in names.Where(name => !name.StartsWith('<')))
        {
            if ((await CommandLine.RunAsync("dpkg", ["-s", name])).ExitCode != 0)
            {
                missing.Add(name);
            }
        }

        return missing;
    }
}
