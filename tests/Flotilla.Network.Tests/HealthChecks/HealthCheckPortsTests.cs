using System.Net;
using System.Net.Sockets;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Network.HealthChecks;
using Flotilla.Storage;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.HealthChecks;

public sealed class HealthCheckPortsTests
{
    [Fact]
    public async Task A_node_tells_balancers_how_many_ready_endpoints_it_has_and_closes_with_the_service()
    {
        await using var store = new MemoryStore();
        var client = new StoreClient(store, TimeProvider.System);
        using var informers = new InformerSet(client, TimeProvider.System, NullLoggerFactory.Instance);
        using var ports = new HealthCheckPorts(
            new NetworkOptions { NodeName = Given.Node }, informers, () => true, IPAddress.Loopback, TimeProvider.System, NullLogger<HealthCheckPorts>.Instance);
        await informers.StartAsync(default);
        await ports.StartAsync(default);
        var port = FreePort();
        await client.CreateAsync(Given.Service("web", "10.96.0.7", service => (service.Spec.Type, service.Spec.ExternalTrafficPolicy, service.Spec.HealthCheckNodePort) = ("LoadBalancer", "Local", port)), default);

        Assert.Equal("503 0 {\n\t\"service\": {\n\t\t\"namespace\": \"default\",\n\t\t\"name\": \"web\"\n\t},\n\t\"localEndpoints\": 0,\n\t\"serviceProxyHealthy\": true\n}", await UntilAsync(port, "503 0"));
        V1Endpoint[] endpoints = [Given.Endpoint("10.244.0.5"), Given.Endpoint("10.244.0.6", ready: false, terminating: true), Given.Endpoint("10.244.1.5", "node-2")];
        await client.CreateAsync(Given.NamedSlice("web", 8080, null, "TCP", endpoints), default);
        Assert.Contains("\"localEndpoints\": 1,", await UntilAsync(port, "200 1"), StringComparison.Ordinal);

        await client.DeleteAsync<V1Service>(new ObjectKey("default", "web"), null, default);
        await UntilAsync(port, "closed");
        await ports.StopAsync(default);
        await informers.StopAsync(default);
    }

    private static async Task<string> UntilAsync(int port, string start)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var answer = await AskAsync(port);
            if (answer.StartsWith(start, StringComparison.Ordinal) || limit.IsCancellationRequested)
            {
                Assert.StartsWith(start, answer, StringComparison.Ordinal);
                return answer;
            }

            await Task.Delay(10);
        }
    }

    private static async Task<string> AskAsync(int port)
    {
        using var http = new HttpClient();
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/"));
            return $"{(int)answer.StatusCode} {answer.Headers.GetValues("X-Load-Balancing-Endpoint-Weight").Single()} {await answer.Content.ReadAsStringAsync()}";
        }
        catch (HttpRequestException)
        {
            return "closed";
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
