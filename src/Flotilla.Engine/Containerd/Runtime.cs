using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Linux;
using Flotilla.Linux.Containerd;
using Flotilla.Linux.Cri;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Services = Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Containerd;

/// <summary>
/// containerd's services, in the namespace of its CRI plugin: images and layers are the same for pods and for containers of docker, and
/// the plugin leaves alone what it has not made.
/// </summary>
internal sealed class Runtime : IDisposable
{
    public const string Snapshotter = "overlayfs";
    private const string SpecificationType = "types.containerd.io/opencontainers/runtime-spec/1/";
    private readonly GrpcChannel channel;

    public Runtime(string socket)
    {
        channel = UnixChannel.To(socket);
        var calls = Calls();
        Containers = new Services.Containers.ContainersClient(calls);
        Tasks = new Tasks.TasksClient(calls);
        Snapshots = new Snapshots.SnapshotsClient(calls);
        Images = new Services.Images.ImagesClient(calls);
        LocalImages = new Services.Images.ImagesClient(CallsIn(ImageNamespaces.Local, null));
        Content = new Content.ContentClient(calls);
        Leases = new Leases.LeasesClient(calls);
        CriImages = new ImageService.ImageServiceClient(channel);
        CriContainers = new RuntimeService.RuntimeServiceClient(channel);
    }

    public Services.Containers.ContainersClient Containers { get; }

    public Tasks.TasksClient Tasks { get; }

    public Snapshots.SnapshotsClient Snapshots { get; }

    public Services.Images.ImagesClient Images { get; }

    /// <summary>The names alone, of images that are no registry's.</summary>
    public Services.Images.ImagesClient LocalImages { get; }

    public Content.ContentClient Content { get; }

    public Leases.LeasesClient Leases { get; }

    public ImageService.ImageServiceClient CriImages { get; }

    public RuntimeService.RuntimeServiceClient CriContainers { get; }

    /// <param name="lease">What the calls make is kept as long as this lease is there.</param>
    public CallInvoker Calls(string? lease = null) => CallsIn(ImageNamespaces.Present, lease);

    private CallInvoker CallsIn(string space, string? lease) => channel.Intercept(headers =>
    {
        headers.Add("containerd-namespace", space);
        if (lease is not null)
        {
            headers.Add("containerd-lease", lease);
        }

        return headers;
    });

    /// <summary>A part of the runtime specification as containerd wants it.</summary>
    /// <param name="kind"><c>Spec</c> or <c>Process</c>.</param>
    public static Any Specification(string kind, JsonObject value) => new() { TypeUrl = SpecificationType + kind, Value = ByteString.CopyFrom(WireJson.Bytes(value).Span) };

    /// <summary>The process reads the end of its input when it has read what came before: its shim keeps the pipe open until told otherwise.</summary>
    public async ValueTask EndInputAsync(string container, string exec = "")
    {
        try
        {
            await Tasks.CloseIOAsync(new CloseIORequest { ContainerId = container, ExecId = exec, Stdin = true });
        }
        catch (RpcException)
        {
            // It has ended.
        }
    }

    public void Dispose() => channel.Dispose();
}

internal static class RuntimeFailures
{
    public static bool IsMissing(this RpcException failure) => failure.StatusCode == StatusCode.NotFound;

    /// <summary>Answers what containerd refuses in its words.</summary>
    public static Route Guarded(this Route route) => route with
    {
        AnswerAsync = async (request, token) =>
        {
            try
            {
                return await route.AnswerAsync(request, token);
            }
            catch (RpcException failure) when (!token.IsCancellationRequested)
            {
                throw new DockerException(500, failure.Status.Detail);
            }
        },
    };
}
