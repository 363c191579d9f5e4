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

        var directory = Path.Combine(Repository.BuildDirectory, "docker.io");
        var docker = Path.Combine(directory, "usr", "bin", "docker");
        await OneAtATime.WaitAsync();
        try
        {
            if (!File.Exists(docker))
            {
                Directory.CreateDirectory(directory);
                (await CommandLine.RunAsync("sh", ["-c", "cd \"$1\" && apt-get download -q docker.io && dpkg -x docker.io_*.deb .", "sh", directory], limit: TimeSpan.FromMinutes(5))).Success();
            }

            return docker;
        }
        finally
        {
            OneAtATime.Release();
        }
    }
}
