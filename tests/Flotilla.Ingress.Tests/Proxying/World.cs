using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Storage;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Ingress.Tests.Proxying;

/// <summary>An in-memory cluster with one node's ingress in front of it, on free ports of this machine.</summary>
internal sealed class World : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly MemoryStore store = new();
    private readonly List<EchoBackend> backends = [];
    private readonly InformerSet informers;

    private World(IngressOptions options)
    {
        Options = options;
        Client = new StoreClient(store, TimeProvider.System);
        informers = new InformerSet(Client, TimeProvider.System, NullLoggerFactory.Instance);
        Proxy = new IngressProxy(options, Client, informers, informers, TimeProvider.System, NullLoggerFactory.Instance);
        Controller = new IngressController(Client, informers, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public IngressOptions Options { get; }

    public StoreClient Client { get; }

    public IngressProxy Proxy { get; }

    public IngressController Controller { get; }

    public static async Task<World> StartAsync(Func<IngressOptions, IngressOptions>? with = null)
    {
        var options = new IngressOptions { NodeName = Given.Node, HttpPort = FreePort(), HttpsPort = FreePort(), BindAddress = IPAddress.Loopback };
        var world = new World(with?.Invoke(options) ?? options);
        await world.CreateAsync(new V1Node
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new V1ObjectMeta { Name = Given.Node },
            Status = new V1NodeStatus
            {
                Addresses = [new V1NodeAddress { Type = "InternalIP", Address = "192.0.2.10" }],
                Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }],
            },
        });
        await world.CreateAsync(Given.Class());
        await world.CreateAsync(new GatewayClass
        {
            ApiVersion = "gateway.networking.k8s.io/v1",
            Kind = "GatewayClass",
            Metadata = new V1ObjectMeta { Name = "flotilla" },
            Spec = new GatewayClassSpec { ControllerName = IngressOptions.Controller },
        });
        await world.informers.StartAsync(default);
        await world.Proxy.StartAsync(default);
        await world.Controller.StartAsync(default);

        // The definitions may come at any time.
        foreach (var plural in (string[])["httproutes", "grpcroutes", "tlsroutes"])
        {
            await world.CreateAsync(new V1CustomResourceDefinition
            {
                ApiVersion = "apiextensions.k8s.io/v1",
                Kind = "CustomResourceDefinition",
                Metadata = new V1ObjectMeta { Name = $"{plural}.gateway.networking.k8s.io" },
            });
        }

        return world;
    }

    public async ValueTask DisposeAsync()
    {
        await Controller.StopAsync(default);
        await Proxy.StopAsync(default);
        await informers.StopAsync(default);
        Controller.Dispose();
        Proxy.Dispose();
        informers.Dispose();
        foreach (var backend in backends)
        {
            await backend.DisposeAsync();
        }

        await store.DisposeAsync();
    }

    public Task<T> CreateAsync<T>(T value)
        where T : class, IKubernetesObject<V1ObjectMeta> => Client.CreateAsync(value, default);

    /// <summary>A service with pods that answer with their names.</summary>
    public async Task<EchoBackend[]> ServeAsync(string service, int pods = 1, string? appProtocol = null, Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols protocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http1)
    {
        var started = new EchoBackend[pods];
        for (var i = 0; i < pods; i++)
        {
            started[i] = await EchoBackend.StartAsync($"{service}-{i}", protocols);
            backends.Add(started[i]);
            await CreateAsync(Given.Slice(service, $"{service}-{i}", started[i].Port));
        }

        await CreateAsync(Given.Service(service, appProtocol));
        return started;
    }

    /// <summary>Lets the waiting requests of a service's pods go on.</summary>
    public void Release(string service) => backends.Where(backend => backend.Name.StartsWith(service + "-", StringComparison.Ordinal)).ToList().ForEach(backend => backend.Gate.Release());

    /// <summary>Asks until the answer is as wanted: routes follow objects a moment later.</summary>
    public async Task<Answer> GetAsync(string url, Func<Answer, bool>? wanted = null, params (string Name, string Value)[] headers)
    {
        wanted ??= answer => answer.Code == 200;
        return await UntilAsync(async () => await SendAsync(HttpMethod.Get, url, null, headers), wanted);
    }

    public async Task<Answer> SendAsync(HttpMethod method, string url, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        var uri = new Uri(url);
        using var client = NewClient();
        using var request = new HttpRequestMessage(method, uri) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            using var response = await client.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            var all = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
            return new Answer((int)response.StatusCode, text, all);
        }
        catch (HttpRequestException closed)
        {
            return new Answer(0, closed.Message, new Dictionary<string, string>());
        }
    }

    /// <summary>Connects to the ingress whatever the name, without following redirects; takes any certificate.</summary>
    public HttpClient NewClient() => new(NewHandler());

    public SocketsHttpHandler NewHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, context.DnsEndPoint.Port == 443 ? Options.HttpsPort : context.DnsEndPoint.Port == 80 ? Options.HttpPort : context.DnsEndPoint.Port), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    /// <summary>The subject of the certificate that a client gets who asks for <paramref name="host"/>.</summary>
    public async Task<string> CertificateForAsync(string host)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, Options.HttpsPort);
        await using var tls = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(host);
        return new X509Certificate2(tls.RemoteCertificate!).Subject;
    }

    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> wanted)
    {
        var limit = DateTimeOffset.UtcNow + Patience;
        while (true)
        {
            T? answer = default;
            try
            {
                answer = await ask();
                if (wanted(answer))
                {
                    return answer;
                }
            }
            catch (Exception early) when (early is SocketException or IOException && DateTimeOffset.UtcNow < limit)
            {
                // Not open yet.
            }

            Assert.True(DateTimeOffset.UtcNow < limit, $"last answer: {answer}");
            await Task.Delay(20);
        }
    }

    public async Task<IReadOnlyList<string>> EventsAsync() =>
        [.. (await Client.ListAsync<Corev1Event>(ListScope.All, default)).Items.Select(one => $"{one.Type} {one.Reason} {one.InvolvedObject.Kind} {one.InvolvedObject.Name}: {one.Message}")];

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}

internal sealed record Answer(int Code, string Text, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>A line of the echo.</summary>
    public string? this[string name] => Text.Split('\n').Where(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 2)..]).FirstOrDefault();

    public override string ToString() => $"{Code} {Text}";
}
