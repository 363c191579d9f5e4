using System.Threading.Channels;
using Flotilla.Node.DynamicResources.Api;
using Flotilla.Node.DynamicResources.Health;
using Flotilla.Node.Plugins.Registration;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Tests.DynamicResources;

/// <summary>A driver of dynamic resources on a socket of its own, in either version of its interface.</summary>
internal sealed class TestDriver : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly Lock gate = new();
    private readonly List<string> calls = [];

    private TestDriver(string socket, string version, bool tellsHealth)
    {
        Info = new PluginInfo { Type = "DRAPlugin", Name = "gpu.example.com", Endpoint = socket, SupportedVersions = { version } };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http2));
        application = builder.Build();
        application.MapGrpcService<TestRegistration>();
        if (tellsHealth)
        {
            application.MapGrpcService<TestHealth>();
        }
        if (version == "v1.DRAPlugin")
        {
            application.MapGrpcService<TestService>();
        }
        else
        {
            application.MapGrpcService<BetaService>();
        }
    }

    public PluginInfo Info { get; }

    /// <summary>Why nothing is prepared; null: all is.</summary>
    public string? Refusal { get; set; }

    /// <summary>What it tells of its devices; completed: it ends.</summary>
    public Channel<NodeWatchResourcesResponse> Health { get; set; } = Channel.CreateUnbounded<NodeWatchResourcesResponse>();

    /// <summary>What comes of a claim.</summary>
    public Func<Claim, IEnumerable<Device>> Devices { get; set; } = claim => [new Device { PoolName = "pool", DeviceName = "a", CdiDeviceIds = { $"example.com/gpu={claim.Name}" } }];

    /// <summary>Like <c>prepare one</c>.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (gate)
            {
                return [.. calls];
            }
        }
    }

    public static async Task<TestDriver> StartAsync(string socket, string version = "v1.DRAPlugin", bool tellsHealth = false)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(socket)!);
        File.Delete(socket);
        var driver = new TestDriver(socket, version, tellsHealth);
        await driver.application.StartAsync();
        return driver;
    }

    public NodePrepareResourcesResponse Prepare(NodePrepareResourcesRequest request)
    {
        var answer = new NodePrepareResourcesResponse();
        foreach (var claim in request.Claims)
        {
            Note($"prepare {claim.Name}");
            answer.Claims[claim.Uid] = Refusal is { } refusal ? new NodePrepareResourceResponse { Error = refusal } : new NodePrepareResourceResponse { Devices = { Devices(claim) } };
        }
        return answer;
    }

    public NodeUnprepareResourcesResponse Unprepare(NodeUnprepareResourcesRequest request)
    {
        var answer = new NodeUnprepareResourcesResponse();
        foreach (var claim in request.Claims)
        {
            Note($"unprepare {claim.Name}");
            answer.Claims[claim.Uid] = new NodeUnprepareResourceResponse();
        }
        return answer;
    }

    public ValueTask DisposeAsync() => application.DisposeAsync();

    private void Note(string call)
    {
        lock (gate)
        {
            calls.Add(call);
        }
    }

    private sealed class TestRegistration(TestDriver driver) : Registration.RegistrationBase
    {
        public override Task<PluginInfo> GetInfo(InfoRequest request, ServerCallContext context) => Task.FromResult(driver.Info);

        public override Task<RegistrationStatusResponse> NotifyRegistrationStatus(RegistrationStatus request, ServerCallContext context)
        {
            driver.Note(request.PluginRegistered ? "registered" : $"refused: {request.Error}");
            return Task.FromResult(new RegistrationStatusResponse());
        }
    }

    private sealed class TestService(TestDriver driver) : DRAPlugin.DRAPluginBase
    {
        public override Task<NodePrepareResourcesResponse> NodePrepareResources(NodePrepareResourcesRequest request, ServerCallContext context) => Task.FromResult(driver.Prepare(request));

        public override Task<NodeUnprepareResourcesResponse> NodeUnprepareResources(NodeUnprepareResourcesRequest request, ServerCallContext context) => Task.FromResult(driver.Unprepare(request));
    }

    private sealed class TestHealth(TestDriver driver) : DRAResourceHealth.DRAResourceHealthBase
    {
        public override async Task NodeWatchResources(NodeWatchResourcesRequest request, IServerStreamWriter<NodeWatchResourcesResponse> responseStream, ServerCallContext context)
        {
            await foreach (var told in driver.Health.Reader.ReadAllAsync(context.CancellationToken))
            {
                await responseStream.WriteAsync(told);
            }
        }
    }

    // The messages are the same, only the service has another name.
    [BindServiceMethod(typeof(BetaService), nameof(Bind))]
    private class BetaService(TestDriver driver)
    {
        private const string Name = "k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin";

        public static void Bind(ServiceBinderBase binder, BetaService? service)
        {
            Add(binder, "NodePrepareResources", NodePrepareResourcesRequest.Parser, NodePrepareResourcesResponse.Parser);
            Add(binder, "NodeUnprepareResources", NodeUnprepareResourcesRequest.Parser, NodeUnprepareResourcesResponse.Parser);
        }

        public virtual Task<NodePrepareResourcesResponse> NodePrepareResources(NodePrepareResourcesRequest request, ServerCallContext context) => Task.FromResult(driver.Prepare(request));

        public virtual Task<NodeUnprepareResourcesResponse> NodeUnprepareResources(NodeUnprepareResourcesRequest request, ServerCallContext context) => Task.FromResult(driver.Unprepare(request));

        private static void Add<TQuestion, TAnswer>(ServiceBinderBase binder, string method, Google.Protobuf.MessageParser<TQuestion> question, Google.Protobuf.MessageParser<TAnswer> answer)
            where TQuestion : class, Google.Protobuf.IMessage<TQuestion>
            where TAnswer : class, Google.Protobuf.IMessage<TAnswer> =>
            binder.AddMethod(
                new Method<TQuestion, TAnswer>(
                    MethodType.Unary, Name, method,
                    Marshallers.Create(Google.Protobuf.MessageExtensions.ToByteArray, question.ParseFrom),
                    Marshallers.Create(Google.Protobuf.MessageExtensions.ToByteArray, answer.ParseFrom)),
                (UnaryServerMethod<TQuestion, TAnswer>)null!);
    }
}
