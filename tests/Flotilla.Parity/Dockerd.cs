using System.Diagnostics;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.Parity;

/// <summary>
/// A real dockerd 20.10 from Debian's package, unpacked and never installed, in namespaces of its own: its bridges, rules and
/// processes end with it. Its network leads nowhere and knows no name server, so that it learns at once that no registry answers.
/// </summary>
internal sealed class Dockerd : IAsyncDisposable
{
    private const string Start = """
        set -e
        mount --make-rprivate /
        mount -t tmpfs tmpfs /run
        mkdir -p /run/docker
        : > "$2/resolv.conf"
        mount --bind "$2/resolv.conf" /etc/resolv.conf
        ip link set lo up
        ip link add eth0 type veth peer name peer0
        ip addr add 192.0.2.77/24 dev eth0
        ip link set eth0 up
        ip link set peer0 up
        export PATH="$1/usr/sbin:$1/usr/bin:$PATH"
        exec dockerd --data-root "$2/docker" --exec-root /run/docker --pidfile /run/docker.pid -H "unix://$2/docker.sock"
        """;

    private readonly Process process;
    private readonly string directory;

    private Dockerd(Process process, string directory) => (this.process, this.directory) = (process, directory);

    public string Host => $"unix://{directory}/docker.sock";

    /// <param name="directory">For its data and socket.</param>
    public static async Task<Dockerd> StartAsync(string docker, string directory)
    {
        var package = await DockerTool.UnpackAsync();
        var process = CommandLine.Start("unshare", ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", Start, "sh", package, directory]);
        var log = File.Create(Path.Combine(directory, "dockerd.log"));
        _ = process.StandardError.BaseStream.CopyToAsync(log);
        _ = process.StandardOutput.ReadToEndAsync();
        var dockerd = new Dockerd(process, directory);
        await Eventually.GetAsync(() => CommandLine.RunAsync(docker, ["-H", dockerd.Host, "version"]), answer => answer.ExitCode == 0, 60);
        return dockerd;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
