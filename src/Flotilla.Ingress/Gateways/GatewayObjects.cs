using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Secrets;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Ingress.Gateways;

/// <summary>The Gateway API's objects, as soon as the cluster has their definitions: until then there are none and nothing is watched.</summary>
internal sealed partial class GatewayObjects(IObjectClient client, InformerSet informers, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    // One of the definitions tells of all: they come together.
    private const string Definition = $"httproutes.{GatewayApi.Group}";
    private static readonly ListScope Definitions = new(FieldSelector: $"metadata.name={Definition}", Resource: ResourceType.Of<V1CustomResourceDefinition>());
    private volatile Watched? watched;

    public bool Any => watched?.Gateways.List().Count > 0;

    /// <summary>Returns when the kinds are there and have been read; <paramref name="changed"/> is called for every change from then on.</summary>
    public async Task FollowAsync(Action changed, CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken);
        var all = new Watched(
            informers.Of<GatewayClass>(), informers.Of<Gateway>(), informers.Of<HttpRoute>(), informers.Of<ReferenceGrant>(), informers.Of<V1Namespace>());
        await Task.WhenAll(
            all.Classes.WaitForSyncAsync(cancellationToken), all.Gateways.WaitForSyncAsync(cancellationToken), all.Routes.WaitForSyncAsync(cancellationToken),
            all.Grants.WaitForSyncAsync(cancellationToken), all.Namespaces.WaitForSyncAsync(cancellationToken));
        watched = all;
        Subscribe(all.Classes, changed);
        Subscribe(all.Gateways, changed);
        Subscribe(all.Routes, changed);
        Subscribe(all.Grants, changed);
        all.Namespaces.Subscribe(_ =>
        {
            if (all.Gateways.List().Count > 0)
            {
                changed();
            }
        });
        changed();
        Log.Following(logger);
    }

    public GatewayInput Input(Func<ObjectKey, V1Service?> services, ISecrets secrets) => watched is { } all
        ? new GatewayInput(all.Classes.List(), all.Gateways.List(), all.Routes.List(), all.Grants.List(), name => all.Namespaces.Get(new ObjectKey(null, name)), services, secrets)
        : new GatewayInput([], [], [], [], _ => null, services, secrets);

    /// <summary>Until the definitions are there and served, which takes them a moment.</summary>
    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var defined = new DirtyKeys(time, TimeSpan.Zero);
        var definitions = informers.Of<ObjectMetadata>(Definitions);
        definitions.Subscribe(change =>
        {
            if (IsOurs(change.Latest))
            {
                defined.Poke();
            }
        });
        while (!(definitions.List().Any(IsOurs) && await IsServedAsync(cancellationToken)))
        {
            await defined.TakeAsync(definitions.List().Any(IsOurs) ? LookAgain : Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }

    private static bool IsOurs(ObjectMetadata definition) => definition.Metadata.Name == Definition;

    private async Task<bool> IsServedAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await HasAsync(GatewayApi.Version, ["gatewayclasses", "gateways", "httproutes"], cancellationToken)
                && await HasAsync("v1beta1", ["referencegrants"], cancellationToken);
        }
        catch (ApiException absent) when (absent.Code is 404 or 403 or 503)
        {
            return false;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<bool> HasAsync(string version, string[] resources, CancellationToken cancellationToken)
    {
        var answer = await client.SendAsync(HttpMethod.Get, $"/apis/{GatewayApi.Group}/{version}", null, default, cancellationToken);
        var served = ObjectJson.Decode<V1APIResourceList>(answer).Resources.Select(resource => resource.Name);
        return !resources.Except(served, StringComparer.Ordinal).Any();
    }

    private static void Subscribe<T>(Informer<T> informer, Action changed)
        where T : class, IKubernetesObject<V1ObjectMeta> => informer.Subscribe(change =>
    {
        // Our own words about an object change nothing.
        if (change.Old is null || change.New is null || change.Old.Metadata.Generation != change.New.Metadata.Generation)
        {
            changed();
        }
    });

    private sealed record Watched(
        Informer<GatewayClass> Classes, Informer<Gateway> Gateways, Informer<HttpRoute> Routes, Informer<ReferenceGrant> Grants, Informer<V1Namespace> Namespaces);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "The Gateway API is served: following it")]
        public static partial void Following(ILogger logger);
    }
}
