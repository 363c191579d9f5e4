namespace Flotilla.EndToEnd.Tools;

/// <summary>The stock docker CLI: this machine's, else Debian's, unpacked into the build directory and never installed.</summary>
internal static class DockerTool
{
    private static readonly SemaphoreSlim OneAtATime = new(1);

    public static async Task<string> GetAsync()
    {
        if ((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(directory => Path.Combine(directory, "docker")).FirstOrDefault(File.Exists) is { } own)
        {
            return own;
        }

        return Path.Combine(await UnpackAsync(), "usr", "bin", "docker");
    }

    /// <summary>Where Debian's package lies: docker, dockerd and what it runs.</summary>
    public static async Task<string> UnpackAsync()
    {
        var directory = Path.Combine(Repository.BuildDirectory, "docker.io");
        await OneAtATime.WaitAsync();
        try
        {
            if (!File.Exists(Path.Combine(directory, "usr", "sbin", "dockerd")))
            {
                Directory.CreateDirectory(directory);
                (await CommandLine.RunAsync("sh", ["-c", "cd \"$1\" && apt-get download -q docker.io && dpkg -x docker.io_*.deb .", "sh", directory], limit: TimeSpan.FromMinutes(5))).Success();
            }

            return directory;
        }
        finally
        {
            OneAtATime.Release();
        }
    }
}
