using Flotilla.Node.Probes;
using Flotilla.Node.Probes.Grpc;

namespace Flotilla.Node.Tests.Probes;

public sealed class GrpcProbeTests : IAsyncLifetime
{
    private readonly HealthServer server = new();

    public async ValueTask InitializeAsync() => await server.StartAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Serving_passes_and_everything_else_says_why_it_does_not()
    {
        server.Services[""] = HealthCheckResponse.Types.ServingStatus.Serving;
        server.Services["down"] = HealthCheckResponse.Types.ServingStatus.NotServing;
        Assert.True((await ProbeAsync("")).Passed);
        Assert.Equal("service unhealthy (responded with \"NOT_SERVING\")", (await ProbeAsync("down")).Output);
        Assert.Equal("error: health rpc probe failed: rpc error: code = NotFound desc = unknown service", (await ProbeAsync("other")).Output);
        server.Implements = false;
        Assert.Equal(
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service grpc.health.v1.Health",
            (await ProbeAsync("")).Output);
        server.Answers = false;
        Assert.Equal("timeout: health rpc did not complete within 1s", (await ProbeAsync("")).Output);
    }

    [Fact]
    public async Task Nobody_there_is_a_timeout_of_connecting()
    {
        await server.DisposeAsync();
        Assert.Equal($"timeout: failed to connect service \"127.0.0.1:{server.Port}\" within 1s: context deadline exceeded", (await ProbeAsync("")).Output);
    }

    private Task<ProbeResult> ProbeAsync(string service) =>
        GrpcProbe.RunAsync("127.0.0.1", server.Port, service, TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
}
