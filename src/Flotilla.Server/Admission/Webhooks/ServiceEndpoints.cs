using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>A call that could not be made or answered, in the words that stand in the client's error.</summary>
internal sealed class WebhookCallException(string message) : Exception(message);

/// <summary>Finds a service's endpoint from what is stored, since this process need not reach cluster addresses.</summary>
internal sealed class ServiceEndpoints(IStore store)
{
    /// <exception cref="WebhookCallException">No such service, port or ready endpoint.</exception>
    public async Task<EndPoint> ResolveAsync(ServicePort wanted, CancellationToken cancellationToken)
    {
        var entry = await store.GetAsync($"{CoreKinds.Service.StoragePrefix}{wanted.Namespace}/{wanted.Name}", cancellationToken)
            ?? throw new WebhookCallException($"service \"{wanted.Name}\" not found");
        var spec = StoredObject.Decode(entry.Value, entry.Modified).Object("spec");
        if (spec.String("type") == "ExternalName")
        {
            return new DnsEndPoint(spec.String("externalName") ?? "", wanted.Port);
        }

        var port = spec.Objects("ports").FirstOrDefault(port => port.Integer("port") == wanted.Port)
            ?? throw new WebhookCallException($"no service port {wanted.Port} found for service \"{wanted.Name}\"");
        var slices = await store.ListAsync($"{DiscoveryKinds.EndpointSlice.StoragePrefix}{wanted.Namespace}/", null, 0, null, cancellationToken);
        var ready = slices.Entries
            .Select(slice => StoredObject.Decode(slice.Value, slice.Modified))
            .Where(slice => slice.Object("metadata").Object("labels").String("kubernetes.io/service-name") == wanted.Name)
            .SelectMany(slice => Ready(slice, port.String("name") ?? ""))
            .ToList();
        return ready.Count > 0
            ? ready[RandomNumberGenerator.GetInt32(ready.Count)]
            : throw new WebhookCallException($"no endpoints available for service \"{wanted.Name}\"");
    }

    private static IEnumerable<IPEndPoint> Ready(JsonObject slice, string portName)
    {
        foreach (var port in slice.Objects("ports").Where(port => (port.String("name") ?? "") == portName))
        {
            foreach (var endpoint in slice.Objects("endpoints").Where(endpoint => endpoint.Object("conditions").Boolean("ready") != false))
            {
                if (port.Integer("port") is { } number && IPAddress.TryParse(endpoint.Array("addresses")?[0].AsString(), out var address))
                {
                    yield return new IPEndPoint(address, (int)number);
                }
            }
        }
    }
}
