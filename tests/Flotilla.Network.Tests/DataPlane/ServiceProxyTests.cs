using System.Diagnostics;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Network.Services;
using Flotilla.Storage;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>From objects in the cluster to packets. Needs root.</summary>
public sealed class ServiceProxyTests(Machine machine) : IClassFixture<Machine>
{
    [Fact]
    public async Task A_service_answers_moments_after_its_endpoints_exist_and_refuses_when_they_are_gone()
    {
        await using var store = new MemoryStore();
        var client = new StoreClient(store, TimeProvider.System);
        using var informers = new InformerSet(client, TimeProvider.System, NullLoggerFactory.Instance);
        using var proxy = new ServiceProxy(
            Machine.Options, informers, machine.Node.Commands, seesBridgedPackets: _ => true, TimeProvider.System, NullLoggerFactory.Instance);
        await informers.StartAsync(default);
        await proxy.StartAsync(default);

        await client.CreateAsync(Given.Service("web", "10.96.0.7"), default);
        await UntilAsync("refused");
        await client.CreateAsync(Given.Slice("web", 8080, "10.244.0.6"), default);
        var watch = Stopwatch.StartNew();
        await UntilAsync("b 10.244.0.5");
        Console.WriteLine($"service proxy: live after {watch.ElapsedMilliseconds} ms");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1));

        await client.DeleteAsync<V1EndpointSlice>(new ObjectKey("default", "web-"), null, default);
        await UntilAsync("refused");
        await proxy.StopAsync(default);
        await informers.StopAsync(default);
    }

    private async Task UntilAsync(string answer)
    {
        var limit = Stopwatch.StartNew();
        while (await Talk.AskBrieflyAsync(machine.A, "10.96.0.7", 80) != answer)
        {
            Assert.True(limit.Elapsed < TimeSpan.FromSeconds(10), $"never: {answer}");
            await Task.Delay(2);
        }
    }
}
