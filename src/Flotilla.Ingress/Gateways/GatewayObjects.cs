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

    private volatile Watched? watched;

    // Kinds of routes that a cluster may have besides.
    private volatile Informer<GrpcRoute>? grpcRoutes;
    private volatile Informer<TlsRoute>? tlsRoutes;

    public bool Any => watched?.Gateways.List().Count > 0;

    /// <summary>Follows each kind from when it is there; <paramref name="changed"/> is called for every change. Does not return before all are.</summary>
    public async Task FollowAsync(Action changed, CancellationToken cancellationToken)
    {
        await FollowBaseAsync(changed, cancellationToken);
        await Task.WhenAll(
            FollowAsync<GrpcRoute>("grpcroutes", informer => grpcRoutes = informer, changed, cancellationToken),
            FollowAsync<TlsRoute>("tlsroutes", informer => tlsRoutes = informer, changed, cancellationToken));
    }

    private async Task FollowAsync<T>(string plural, Action<Informer<T>> keep, Action changed, CancellationToken cancellationToken)
        where T : GatewayRoute
    {
        await WaitAsync(plural, [(GatewayApi.Version, plural)], cancellationToken);
        var informer = informers.Of<T>();
        await informer.WaitForSyncAsync(cancellationToken);
        keep(informer);
        Subscribe(informer, changed);
        changed();
    }

    private async Task FollowBaseAsync(Action changed, CancellationToken cancellationToken)
    {
        // One of the definitions tells of all: they come together.
        await WaitAsync("httproutes", [(GatewayApi.Version, "gatewayclasses"), (GatewayApi.Version, "gateways"), (GatewayApi.Version, "httproutes"), ("v1beta1", "referencegrants")], cancellationToken);
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
        ? new GatewayInput(all.Classes.List(), all.Gateways.List(), [.. all.Routes.List(), .. grpcRoutes?.List() ?? [], .. tlsRoutes?.List() ?? []], all.Grants.List(), name => all.Namespaces.Get(new ObjectKey(null, name)), services, secrets)
        : new GatewayInput([], [], [], [], _ => null, services, secrets);

    /// <summary>Until a definition is there and the kinds that it tells of are served, which takes them a moment.</summary>
    private async Task WaitAsync(string definition, (string Version, string Resource)[] kinds, CancellationToken cancellationToken)
    {
        var name = $"{definition}.{GatewayApi.Group}";
        var defined = new DirtyKeys(time, TimeSpan.Zero);
        var definitions = informers.Of<ObjectMetadata>(new ListScope(FieldSelector: $"metadata.name={name}", Resource: ResourceType.Of<V1CustomResourceDefinition>()));
        definitions.Subscribe(change =>
        {
            if (change.Latest.Metadata.Name == name)
            {
                defined.Poke();
            }
        });
        while (!(IsThere() && await AreServedAsync(kinds, cancellationToken)))
        {
            await defined.TakeAsync(IsThere() ? LookAgain : Timeout.InfiniteTimeSpan, cancellationToken);
        }

        bool IsThere() => definitions.List().Any(one => one.Metadata.Name == name);
    }

    private async Task<bool> AreServedAsync((string Version, string Resource)[] kinds, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var version in kinds.GroupBy(kind => kind.Version, kind => kind.Resource))
            {
                var answer = await client.SendAsync(HttpMethod.Get, $"/apis/{GatewayApi.Group}/{version.Key}", null, default, cancellationToken);
                if (version.Except(ObjectJson.Decode<V1APIResourceList>(answer).Resources.Select(resource => resource.Name), StringComparer.Ordinal).Any())
                {
                    return false;
                }
            }

            return true;
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
