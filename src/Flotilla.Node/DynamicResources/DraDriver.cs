using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Flotilla.Linux;
using Flotilla.Node.DynamicResources.Api;
using Flotilla.Node.DynamicResources.Health;
using Flotilla.Node.Linux;
using Flotilla.Node.Plugins;
using Grpc.Core;
using Grpc.Net.Client;

namespace Flotilla.Node.DynamicResources;

/// <summary>One running instance of a driver. Its versions differ in the service's name alone.</summary>
internal sealed class DraDriver : IDisposable
{
    private const string Package = "k8s.io.kubelet.pkg.apis.dra.";
    private static readonly string[] Services = ["v1.DRAPlugin", "v1beta1.DRAPlugin"];
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(45);
    private readonly GrpcChannel channel;
    private readonly CallInvoker invoker;
    private readonly string service;

    /// <param name="versions">The services that it says it has.</param>
    /// <exception cref="PluginException">None of them is known here.</exception>
    public DraDriver(string name, string endpoint, IReadOnlyCollection<string> versions)
    {
        var invalid = $"invalid supported gRPC versions of DRA driver plugin {name} at endpoint {endpoint}: ";
        if (versions.Count == 0)
        {
            throw new PluginException(invalid + "empty list of supported gRPC services (aka supported versions)");
        }
        var chosen = Services.FirstOrDefault(versions.Contains)
            ?? throw new PluginException($"{invalid}none of services supported by the plugin ({Quoted(versions)}) are supported by the kubelet ({Quoted(Services)})");
        (Name, Endpoint, service) = (name, endpoint, Package + chosen);
        channel = UnixChannel.To(endpoint);
        invoker = channel.CreateCallInvoker();
    }

    public string Name { get; }

    public string Endpoint { get; }

    /// <exception cref="RpcException">It refuses, or does not answer.</exception>
    public async Task<NodePrepareResourcesResponse> PrepareAsync(NodePrepareResourcesRequest request, CancellationToken cancellationToken) =>
        await CallAsync("NodePrepareResources", request, NodePrepareResourcesResponse.Parser, cancellationToken);

    /// <exception cref="RpcException">It refuses, or does not answer.</exception>
    public async Task<NodeUnprepareResourcesResponse> UnprepareAsync(NodeUnprepareResourcesRequest request, CancellationToken cancellationToken) =>
        await CallAsync("NodeUnprepareResources", request, NodeUnprepareResourcesResponse.Parser, cancellationToken);

    /// <summary>What it tells of its devices, as long as it does.</summary>
    /// <exception cref="RpcException">It tells nothing (Unimplemented), or cannot be reached any more.</exception>
    public async IAsyncEnumerable<NodeWatchResourcesResponse> WatchHealthAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var call = new DRAResourceHealth.DRAResourceHealthClient(invoker).NodeWatchResources(new NodeWatchResourcesRequest(), cancellationToken: cancellationToken);
        await foreach (var told in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            yield return told;
        }
    }

    /// <summary>Whether somebody listens on its socket.</summary>
    public bool IsConnectable()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Endpoint));
            return true;
        }
        catch (SocketException failure)
        {
            // One that has too much to do is there all the same.
            return failure.SocketErrorCode == SocketError.WouldBlock;
        }
    }

    public void Dispose() => channel.Dispose();

    private async Task<TAnswer> CallAsync<TQuestion, TAnswer>(
        string name, TQuestion question, Google.Protobuf.MessageParser<TAnswer> parser, CancellationToken cancellationToken)
        where TQuestion : class, Google.Protobuf.IMessage<TQuestion>
        where TAnswer : class, Google.Protobuf.IMessage<TAnswer>
    {
        var method = new Method<TQuestion, TAnswer>(
            MethodType.Unary, service, name,
            Marshallers.Create(Google.Protobuf.MessageExtensions.ToByteArray, _ => question),
            Marshallers.Create(Google.Protobuf.MessageExtensions.ToByteArray, parser.ParseFrom));
        using var call = invoker.AsyncUnaryCall(method, null, new CallOptions(deadline: DateTime.UtcNow + Timeout, cancellationToken: cancellationToken), question);
        return await call.ResponseAsync;
    }

    private static string Quoted(IEnumerable<string> names) => $"[{string.Join(' ', names.Select(name => $"\"{name}\""))}]";
}
