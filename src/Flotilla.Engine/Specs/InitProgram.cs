using Flotilla.Docker;

namespace Flotilla.Engine.Specs;

/// <summary><c>--init</c>: a small program as process 1 that reaps what others leave behind. Docker brings one; here one of the machine's is used.</summary>
internal static class InitProgram
{
    public const string Path = "/sbin/docker-init";
    private static readonly string[] Candidates = ["/usr/libexec/docker/docker-init", "/usr/bin/docker-init", "/usr/bin/tini-static", "/usr/bin/catatonit"];

    /// <exception cref="DockerException">The machine has none.</exception>
    public static string Find() => Candidates.FirstOrDefault(File.Exists)
        ?? throw DockerException.BadRequest("--init needs a program that this machine has not: install tini or catatonit");
}
