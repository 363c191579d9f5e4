using System.Net.Sockets;
using Flotilla.Linux.Cri;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Node.Tests.Live;

public sealed class RuntimeFailureTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fltrt").FullName;

    private string SocketPath => Path.Combine(directory, "cri.sock");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task A_wrong_endpoint_is_told_in_one_sentence()
    {
        Assert.Equal($"The container runtime at {SocketPath} does not answer: there is no such socket.", await FailureAsync());

        await File.WriteAllTextAsync(SocketPath, "");
        Assert.Equal($"The container runtime at {SocketPath} does not answer: nobody listens there.", await FailureAsync());

        File.Delete(SocketPath);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen();
        var answering = AnswerAsync(listener);
        Assert.Equal($"The container runtime at {SocketPath} does not answer: it does not speak gRPC.", await FailureAsync());
        listener.Close();
        await answering;
    }

    [Fact]
    public async Task A_containerd_that_is_not_installed_is_told_in_one_sentence()
    {
        var options = new NodeOptions
        {
            NodeName = "n", ContainerdBinary = "/no/such/containerd", DataDirectory = directory, RunDirectory = Path.Combine(directory, "run"),
            CniConfigurationDirectory = Path.Combine(directory, "cni"),
        };
        using var runtime = new CriClient(options.RuntimeSocket);
        using var supervisor = new ContainerdSupervisor(options, runtime, TimeProvider.System, NullLogger<ContainerdSupervisor>.Instance);
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => supervisor.EnsureRunningAsync(TestContext.Current.CancellationToken));
        Assert.Equal("containerd could not be started: there is no program /no/such/containerd.", failure.Message);
    }

    private async Task<string> FailureAsync()
    {
        var options = new NodeOptions { NodeName = "n", ContainerRuntimeEndpoint = "unix://" + SocketPath };
        using var runtime = new CriClient(options.RuntimeSocket);
        using var supervisor = new ContainerdSupervisor(options, runtime, TimeProvider.System, NullLogger<ContainerdSupervisor>.Instance);
        return (await Assert.ThrowsAsync<TimeoutException>(() => supervisor.EnsureRunningAsync(TestContext.Current.CancellationToken))).Message;
    }

    private static async Task AnswerAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptAsync();
                await client.SendAsync("220 mail ready\r\n"u8.ToArray());
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
