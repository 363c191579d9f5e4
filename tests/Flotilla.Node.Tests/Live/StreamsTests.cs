using System.Runtime.CompilerServices;
using System.Text;
using Flotilla.Api;
using Flotilla.Client.Streams;
using Flotilla.Node.Streaming.Logs;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Node.Tests.Live;

public sealed class StreamsTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static bool IsReady(V1Pod pod) => pod.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    [Fact]
    public async Task Exec_carries_all_streams_and_the_exit_code()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("exec"));
        await host.UntilAsync(pod, IsReady);
        var target = new PodTarget("default", "exec");

        var session = new Channels("typed\n");
        var status = await host.Agent.Streams.ExecAsync(
            target, new ExecOptions(["sh", "-c", "cat; echo oops >&2; exit 3"], Stdin: true, Stdout: true, Stderr: true, Tty: false), session, Cancellation);
        Assert.Equal("typed\n", session.Output);
        Assert.Equal("oops\n", session.Errors);
        Assert.Equal("NonZeroExitCode", status.Reason);
        Assert.Equal("3", Assert.Single(status.Details.Causes).Message);

        var terminal = new Channels("") { Sizes = [new TerminalSize(123, 45)] };
        status = await host.Agent.Streams.ExecAsync(
            target, new ExecOptions(["sh", "-c", "sleep 0.3; stty size"], Stdin: false, Stdout: true, Stderr: false, Tty: true), terminal, Cancellation);
        Assert.Equal("Success", status.Status);
        Assert.Equal("45 123\r\n", terminal.Output);

        await Assert.ThrowsAsync<ApiException>(() => host.Agent.Streams.ExecAsync(
            target with { Container = "other" }, new ExecOptions(["true"], false, true, true, false), terminal, Cancellation));
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task Much_output_arrives_whole_with_its_status_every_time()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("much"));
        await host.UntilAsync(pod, IsReady);
        for (var round = 0; round < 30; round++)
        {
            var session = new Channels("");
            var status = await host.Agent.Streams.ExecAsync(
                new PodTarget("default", "much"), new ExecOptions(["dd", "if=/dev/zero", "bs=1000", "count=1000"], false, true, true, false), session, Cancellation);
            Assert.Equal(("Success", 1_000_000), (status.Status, session.Output.Length));
        }
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task Logs_are_read_from_either_end_and_followed_to_the_last_line()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("logs", spec => spec.RestartPolicy = "Never", "sh", "-c", "echo one; echo two; echo three; sleep 1; echo last >&2"));
        await host.UntilAsync(pod, IsReady);
        var target = new PodTarget("default", "logs");

        Assert.Equal("one\ntwo\nthree\nlast\n", await LogsAsync(host, target, new LogOptions { Follow = true }));
        Assert.Equal("three\nlast\n", await LogsAsync(host, target, new LogOptions { TailLines = 2 }));
        Assert.Equal("one\ntw", await LogsAsync(host, target, new LogOptions { LimitBytes = 6 }));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT[^ ]+ last\n$", await LogsAsync(host, target, new LogOptions { TailLines = 1, Timestamps = true }));
        Assert.Equal("", await LogsAsync(host, target, new LogOptions { SinceTime = DateTime.UtcNow.AddMinutes(1) }));
        var failure = await Assert.ThrowsAsync<ApiException>(() => LogsAsync(host, target, new LogOptions { Previous = true }));
        Assert.Equal("previous terminated container \"c\" in pod \"logs\" not found", failure.Message);
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task Attach_reads_and_feeds_what_runs_already()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("attach", spec => (spec.Containers[0].Stdin, spec.Containers[0].StdinOnce, spec.RestartPolicy) = (true, true, "Never"), "sh", "-c", "cat; echo over >&2"));
        await host.UntilAsync(pod, IsReady);
        var session = new Channels("typed\n");
        await host.Agent.Streams.AttachAsync(
            new PodTarget("default", "attach"), new ExecOptions([], Stdin: true, Stdout: true, Stderr: true, Tty: false), session, Cancellation);
        Assert.Equal(("typed\n", "over\n"), (session.Output, session.Errors));
        // Its input was open once; with it the container ended.
        await host.UntilAsync(pod, current => current.Status.Phase == "Succeeded");
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task Following_goes_on_across_rotations_without_loss()
    {
        const int lines = 12_000;
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("rotating", spec => spec.RestartPolicy = "Never", "sh", "-c",
            $"i=0; while [ $i -lt {lines} ]; do echo $i; i=$((i+1)); [ $((i%1000)) = 0 ] && sleep 0.2; done"));
        await host.UntilAsync(pod, current => current.Status.ContainerStatuses?[0].State.Running is not null);
        using var output = new MemoryStream();
        var following = host.Agent.Streams.LogsAsync(new PodTarget("default", "rotating"), new LogOptions { Follow = true }, output, Cancellation);
        while (output.Length == 0)
        {
            await Task.Delay(5, Cancellation);
        }
        var time = new FakeTimeProvider();
        using var rotation = new LogRotation(node.Options with { MaxLogBytes = 30_000 }, node.Runtime, time, NullLogger<LogRotation>.Instance);
        var directory = Path.Combine(node.Options.PodLogsDirectory, $"default_rotating_{pod.Metadata.Uid}", "c");
        for (var rotated = 0; rotated < 4;)
        {
            await rotation.RotateAllAsync(Cancellation);
            rotated = Directory.GetFiles(directory, "0.log.*").Length;
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20, Cancellation);
        }
        await following;
        Assert.Equal(Enumerable.Range(0, lines), Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse));
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task Port_forward_reaches_what_listens_on_the_pods_loopback_only()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("forward", null, "sh", "-c", "mkdir -p /tmp/w; echo hello >/tmp/w/index.html; exec httpd -f -p 127.0.0.1:8080 -h /tmp/w"));
        await host.UntilAsync(pod, IsReady);
        var target = new PodTarget("default", "forward");
        await Task.Delay(300);

        using var answer = new MemoryStream();
        await using var client = new Duplex(new MemoryStream("GET /index.html HTTP/1.0\r\n\r\n"u8.ToArray()), answer);
        await host.Agent.Streams.PortForwardAsync(target, 8080, client, Cancellation);
        Assert.EndsWith("hello\n", Encoding.ASCII.GetString(answer.ToArray()), StringComparison.Ordinal);

        var failure = await Assert.ThrowsAsync<IOException>(() => host.Agent.Streams.PortForwardAsync(target, 81, client, Cancellation));
        Assert.Contains("dial tcp4 127.0.0.1:81: connect: connection refused", failure.Message, StringComparison.Ordinal);
        await host.RemoveAsync(pod);
    }

    private static async Task<string> LogsAsync(AgentHost host, PodTarget target, LogOptions options)
    {
        using var output = new MemoryStream();
        await host.Agent.Streams.LogsAsync(target, options, output, Cancellation);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private sealed class Channels(string input) : IStreamChannels
    {
        private readonly MemoryStream output = new();
        private readonly MemoryStream errors = new();

        public IReadOnlyList<TerminalSize> Sizes { get; init; } = [];

        public Stream? Stdin { get; } = new MemoryStream(Encoding.UTF8.GetBytes(input));

        public Stream? Stdout => output;

        public Stream? Stderr => errors;

        public string Output => Encoding.UTF8.GetString(output.ToArray());

        public string Errors => Encoding.UTF8.GetString(errors.ToArray());

        public async IAsyncEnumerable<TerminalSize> ResizesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (var size in Sizes)
            {
                yield return size;
            }
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }

    /// <summary>A client that says what it has to say and then waits for the answer.</summary>
    private sealed class Duplex(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await input.ReadAsync(buffer, cancellationToken);
            if (read == 0)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            return read;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override void Flush() => output.Flush();

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
