using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Gateways.Api;

namespace Flotilla.Ingress.Gateways.Definitions;

/// <summary>Gives a cluster the Gateway API that has none. What is there stays as it is, whoever put it there.</summary>
public sealed class DefinitionInstaller(IObjectClient client, TimeProvider time)
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        foreach (var definition in GatewayDefinitions.All())
        {
            await CreateAsync(Definitions, definition, cancellationToken);
        }

        // The class's kind is served a moment after its definition.
        while (!await CreateAsync($"/apis/{GatewayApi.Group}/{GatewayApi.Version}/gatewayclasses", GatewayDefinitions.Class(), cancellationToken))
        {
            await Task.Delay(RetryAfter, time, cancellationToken);
        }
    }

    /// <returns>false: there is no such resource yet.</returns>
    private async Task<bool> CreateAsync(string path, JsonObject value, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendAsync(HttpMethod.Get, $"{path}/{value["metadata"]!["name"]}", null, default, cancellationToken);
            return true;
        }
        catch (ApiException absent) when (absent.IsNotFound)
        {
            // The usual case of a new cluster.
        }

        try
        {
            await client.SendAsync(HttpMethod.Post, path, "application/json", ObjectJson.Encode(value), cancellationToken);
            return true;
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            return false;
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            return true;
        }
    }
}
