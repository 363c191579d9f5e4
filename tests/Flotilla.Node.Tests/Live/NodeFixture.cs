using Flotilla.Linux.Containerd;
using Flotilla.Linux.Cri;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Node.Tests.Live;

/// <summary>A real containerd of its own for one test class, with a bridge network; everything is gone afterwards.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    private static int fixtures;

    // Test classes run side by side, each on a bridge and subnet of its own.
    private readonly int number = Interlocked.Increment(ref fixtures);
    private readonly string directory = Path.Combine("/tmp", "fltn" + Guid.NewGuid().ToString("N")[..8]);

    public NodeFixture()
    {
        Options = new NodeOptions
        {
            NodeName = "node-1",
            DataDirectory = Path.Combine(directory, "data"),
            RunDirectory = Path.Combine(directory, "run"),
            CniConfigurationDirectory = Path.Combine(directory, "cni"),
            KubeletDirectory = Path.Combine(directory, "kubelet"),
            CgroupRoot = "/" + Path.GetFileName(directory),
            ClusterDns = ["10.96.0.10"],
            CdiDirectories = [Path.Combine(directory, "kubelet", "cdi")],
            Runtimes = [.. OciRuntime.Installed(), new OciRuntime(OtherRuntime, Path.Combine(directory, OtherRuntime))],
        };
        Runtime = new CriClient(Options.RuntimeSocket);
        Supervisor = new ContainerdSupervisor(Options, Runtime, TimeProvider.System, NullLogger<ContainerdSupervisor>.Instance);
        Images = new ImageStore(Runtime, Options);
    }

    /// <summary>A runtime beside the usual one, which does what that does.</summary>
    public const string OtherRuntime = "other";

    public string Subnet => $"10.245.{number}.";

    public NodeOptions Options { get; }

    public CriClient Runtime { get; }

    private string Bridge => "fltn" + number;

    public ContainerdSupervisor Supervisor { get; }

    public ImageStore Images { get; }

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Options.CniConfigurationDirectory);
        var other = Options.Runtimes[^1].Path;
        await File.WriteAllTextAsync(other, "#!/bin/sh\nexec runc \"$@\"\n");
        File.SetUnixFileMode(other, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(Path.Combine(Options.CniConfigurationDirectory, "10-test.conflist"), $$"""
            {"cniVersion": "0.4.0", "name": "fltn", "plugins": [
              {"type": "bridge", "bridge": "{{Bridge}}", "isGateway": true, "ipMasq": false, "hairpinMode": true,
               "ipam": {"type": "host-local", "dataDir": "{{directory}}/ipam", "ranges": [[{"subnet": "{{Subnet}}0/24"}]], "routes": [{"dst": "0.0.0.0/0"}] } },
              {"type": "portmap", "capabilities": {"portMappings": true} } ] }
            """);
        await Supervisor.EnsureRunningAsync(CancellationToken.None);
        using var pause = new MemoryStream(PauseImage.Archive(System.Runtime.InteropServices.RuntimeInformation.OSArchitecture));
        await Images.ImportAsync(pause, CancellationToken.None);
        await using var busybox = TestImages.Busybox("busybox:latest");
        await Images.ImportAsync(busybox, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        Runtime.Dispose();
        await NodeCleanup.RunAsync(Options, CancellationToken.None);
        var result = await Command.RunAsync("ip", ["link", "delete", Bridge], null, CancellationToken.None);
        Assert.True(result.ExitCode == 0 || result.Error.Contains("Cannot find device", StringComparison.Ordinal), result.Explanation);
        Directory.Delete(directory, recursive: true);
    }
}
