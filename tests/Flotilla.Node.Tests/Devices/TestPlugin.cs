using System.Threading.Channels;
using Flotilla.Linux;
using Flotilla.Node.Devices;
using Flotilla.Node.Linux;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Tests.Devices;

/// <summary>A device plugin on a socket of its own; each device becomes a variable of its container, and <c>/dev/null</c> under another name.</summary>
internal sealed class TestPlugin : DevicePlugin.DevicePluginBase, IAsyncDisposable
{
    public const string Resource = "example.com/device";
    private readonly Channel<IReadOnlyList<PluginDevice>> lists = Channel.CreateBounded<IReadOnlyList<PluginDevice>>(10);
    private readonly WebApplication application;
    private readonly string directory;

    private TestPlugin(string directory)
    {
        this.directory = directory;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path.Combine(directory, "plugin.sock"), listen => listen.Protocols = HttpProtocols.Http2));
        application = builder.Build();
        application.MapGrpcService<TestPlugin>();
    }

    /// <summary>What the plugin says it would rather give; empty: nothing.</summary>
    public IReadOnlyList<string> Preferred { get; set; } = [];

    public string? Refusal { get; set; }

    public List<string> Started { get; } = [];

    public static async Task<TestPlugin> StartAsync(string directory)
    {
        var plugin = new TestPlugin(directory);
        await plugin.application.StartAsync();
        return plugin;
    }

    public async Task RegisterAsync(string version = "v1beta1", string resource = Resource)
    {
        using var channel = UnixChannel.To(Path.Combine(directory, DevicePluginHost.SocketName));
        await new Registration.RegistrationClient(channel).RegisterAsync(new RegisterRequest
        {
            Version = version, Endpoint = "plugin.sock", ResourceName = resource, Options = new DevicePluginOptions { GetPreferredAllocationAvailable = true, PreStartRequired = true },
        });
    }

    public ValueTask TellAsync(params (string Id, bool Healthy)[] devices) =>
        TellAsync([.. devices.Select(device => new PluginDevice { ID = device.Id, Health = device.Healthy ? "Healthy" : "Unhealthy" })]);

    public ValueTask TellAsync(IReadOnlyList<PluginDevice> devices) => lists.Writer.WriteAsync([.. devices]);

    public void Leave() => lists.Writer.TryComplete();

    public override async Task ListAndWatch(Empty request, IServerStreamWriter<ListAndWatchResponse> stream, ServerCallContext context)
    {
        await foreach (var list in lists.Reader.ReadAllAsync(context.CancellationToken))
        {
            await stream.WriteAsync(new ListAndWatchResponse { Devices = { list } });
        }
    }

    public override Task<PreferredAllocationResponse> GetPreferredAllocation(PreferredAllocationRequest request, ServerCallContext context) =>
        Task.FromResult(new PreferredAllocationResponse { ContainerResponses = { new ContainerPreferredAllocationResponse { DeviceIds = { Preferred } } } });

    public override Task<AllocateResponse> Allocate(AllocateRequest request, ServerCallContext context)
    {
        if (Refusal is { } refusal)
        {
            throw new RpcException(new Grpc.Core.Status(StatusCode.Internal, refusal));
        }

        var ids = string.Join(',', request.ContainerRequests.Single().DevicesIds);
        return Task.FromResult(new AllocateResponse
        {
            ContainerResponses =
            {
                new ContainerAllocateResponse
                {
                    Envs = { ["DEVICES"] = ids },
                    Devices = { new DeviceSpec { ContainerPath = "/dev/example", HostPath = "/dev/null", Permissions = "rw" } },
                    CdiDevices = { new CdiDeviceName { Name = "example.com/device=" + ids } },
                },
            },
        });
    }

    public override Task<PreStartContainerResponse> PreStartContainer(PreStartContainerRequest request, ServerCallContext context)
    {
        Started.AddRange(request.DevicesIds);
        return Task.FromResult(new PreStartContainerResponse());
    }

    public async ValueTask DisposeAsync()
    {
        Leave();
        await application.DisposeAsync();
    }
}
