using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Linux.Containerd;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Flotilla.Node.Containerd;

/// <summary>The specifications of containers that were created and have not started yet.</summary>
internal sealed class StoredSpecs(CriClient runtime)
{
    private static readonly Metadata Namespace = new() { { "containerd-namespace", "k8s.io" } };
    private readonly Containers.ContainersClient containers = new(runtime.Channel);

    /// <exception cref="RpcException">The runtime is another one, or knows no such container.</exception>
    public async Task ChangeAsync(string id, Action<JsonObject> change, DateTime deadline)
    {
        var spec = (await containers.GetAsync(new GetContainerRequest { Id = id }, Namespace, deadline)).Container.Spec;
        var read = (JsonObject)JsonNode.Parse(spec.Value.Span)!;
        change(read);
        var changed = new Any { TypeUrl = spec.TypeUrl, Value = ByteString.CopyFrom(JsonSerializer.SerializeToUtf8Bytes(read)) };
        await containers.UpdateAsync(
            new UpdateContainerRequest { Container = new ContainerObject { Id = id, Spec = changed }, UpdateMask = new FieldMask { Paths = { "spec" } } }, Namespace, deadline);
    }
}
