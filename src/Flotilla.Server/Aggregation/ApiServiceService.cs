using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.CustomResources;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Aggregation;

/// <summary>
/// Keeps APIService objects for what this server serves itself, and checks whether those that point elsewhere answer.
/// One loop; it wakes when APIServices or definitions change, and every few seconds while something is unavailable.
/// </summary>
internal sealed partial class ApiServiceService(ObjectStore objects, KindRegistry kinds, AggregatedApis apis, Availability availability, TimeProvider time, ILogger<ApiServiceService> logger) : BackgroundService
{
    private const string Managed = "kube-aggregator.kubernetes.io/automanaged";
    private static readonly Kind Kind = ApiRegistrationKinds.ApiService;
    private static readonly WriteOptions Writing = new("kube-apiserver");
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CheckUnavailableEvery = TimeSpan.FromSeconds(2);

    // Decoded once for each version; only ever read.
    private Dictionary<string, (Revision Modified, JsonObject Value)> decoded = new(StringComparer.Ordinal);
    private Revision seen;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (changed, failed) = (false, false);
        while (!stoppingToken.IsCancellationRequested)
        {
            seen = objects.Store.Current;
            try
            {
                await ReconcileAsync(stoppingToken);
                failed = false;
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                Log.Failed(logger, error);
                failed = true;
            }

            // What a definition changes is served a moment after it is stored: a change is looked at twice.
            changed = await NextAsync(!changed && !failed && apis.All.All(api => api.IsAvailable) ? CheckEvery : CheckUnavailableEvery, stoppingToken);
        }
    }

    private async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        var present = await ReadAllAsync(cancellationToken);
        var local = Local().ToDictionary(item => NameOf(item), StringComparer.Ordinal);
        foreach (var missing in local.Where(pair => !present.ContainsKey(pair.Key)))
        {
            await IgnoringRacesAsync(() => objects.CreateAsync(Kind, null, missing.Value.Copy(), Writing, cancellationToken));
        }

        foreach (var gone in present.Where(pair => pair.Value.Object("metadata").Object("labels").String(Managed) == "true" && !local.ContainsKey(pair.Key)))
        {
            await IgnoringRacesAsync(() => objects.DeleteAsync(Kind, new ObjectKey(null, gone.Key), new DeleteRequest(), Writing, cancellationToken));
        }

        await CheckAllAsync(await ReadAllAsync(cancellationToken), cancellationToken);
    }

    private async Task CheckAllAsync(Dictionary<string, JsonObject> all, CancellationToken cancellationToken)
    {
        apis.Set(apis.All.Where(known => all.ContainsKey($"{known.Version}.{known.Group}")));
        foreach (var (name, item) in all.Where(pair => pair.Value.Object("spec").Object("service") is null))
        {
            await SetAvailableAsync(name, item, new AvailabilityCheck(true, "Local", "Local APIServices are always available"), cancellationToken);
        }

        // All at once: one that does not answer must not keep the others waiting.
        var checks = all.Where(pair => pair.Value.Object("spec").Object("service") is not null).Select(pair => CheckAsync(pair.Key, pair.Value, cancellationToken));
        apis.Set(await Task.WhenAll(checks));
    }

    private async Task<AggregatedApi> CheckAsync(string name, JsonObject item, CancellationToken cancellationToken)
    {
        var api = AggregatedApi.From(item, isAvailable: false, null);
        var check = await availability.CheckAsync(api, cancellationToken);
        var checkedApi = api with { IsAvailable = check.IsAvailable, Resources = check.Resources ?? apis.Find(api.Group, api.Version)?.Resources };

        // Whoever reads that it is available finds it served.
        apis.Put(checkedApi);
        await SetAvailableAsync(name, item, check, cancellationToken);
        return checkedApi;
    }

    private async Task SetAvailableAsync(string name, JsonObject item, AvailabilityCheck check, CancellationToken cancellationToken)
    {
        var status = check.IsAvailable ? "True" : "False";
        var known = item.Object("status").Objects("conditions").FirstOrDefault(condition => condition.String("type") == "Available");
        if (known.String("status") == status && known.String("reason") == check.Reason && known.String("message") == check.Message)
        {
            return;
        }

        await IgnoringRacesAsync(() => objects.ChangeAsync(
            Kind,
            new ObjectKey(null, name),
            Subresource.StatusName,
            Writing,
            current =>
            {
                var conditions = current.Object("status").Array("conditions")?.DeepClone() as JsonArray ?? [];
                DefinitionStatus.Set(conditions, "Available", status, check.Reason, check.Message, time.GetUtcNow());
                current.Child("status")["conditions"] = conditions;
                return current;
            },
            cancellationToken));
    }

    private IEnumerable<JsonObject> Local()
    {
        foreach (var kind in kinds.All.DistinctBy(kind => (kind.Group, kind.Version)))
        {
            var (group, version, isDefined) = (kind.Group, kind.Version, kind.Custom is not null);
            if (!isDefined && GroupPriority.Of(group) is null)
            {
                continue;
            }

            var spec = new JsonObject
            {
                ["version"] = version,
                ["groupPriorityMinimum"] = isDefined ? GroupPriority.OfDefinitions : GroupPriority.Of(group),
                ["versionPriority"] = isDefined ? GroupPriority.OfDefinedVersions : GroupPriority.OfVersion(group, version),
            };
            if (group.Length > 0)
            {
                spec["group"] = group;
            }

            yield return new JsonObject
            {
                ["kind"] = Kind.Name,
                ["apiVersion"] = Kind.Identity.ApiVersion,
                ["metadata"] = new JsonObject { ["name"] = $"{version}.{group}", ["labels"] = new JsonObject { [Managed] = isDefined ? "true" : "onstart" } },
                ["spec"] = spec,
            };
        }
    }

    private async Task<Dictionary<string, JsonObject>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var list = await objects.Store.ListAsync(Kind.StoragePrefix, null, 0, null, cancellationToken);
        decoded = list.Entries.ToDictionary(
            entry => StoredObject.NameOf(entry.Key),
            entry => decoded.TryGetValue(StoredObject.NameOf(entry.Key), out var known) && known.Modified == entry.Modified ? known : (entry.Modified, ObjectStore.Decode(Kind, entry.Value, entry.Modified)),
            StringComparer.Ordinal);
        return decoded.ToDictionary(pair => pair.Key, pair => pair.Value.Value, StringComparer.Ordinal);
    }

    /// <summary>True: something changed; false: the time is up.</summary>
    private async Task<bool> NextAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var waking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changes = (string[])[Kind.StoragePrefix, ApiExtensionsKinds.CustomResourceDefinition.StoragePrefix];
        var timeUp = Task.Delay(limit, time, waking.Token);
        var first = await Task.WhenAny([.. changes.Select(prefix => ChangeAsync(prefix, waking.Token)), timeUp]);
        await waking.CancelAsync();
        return first != timeUp;
    }

    private async Task ChangeAsync(string prefix, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in objects.Store.WatchAsync(prefix, seen, cancellationToken))
            {
                return;
            }
        }
        catch (Exception error) when (error is OperationCanceledException or CompactedException)
        {
            // Something else woke the loop, or everything is to be read again: both are its business.
            return;
        }
    }

    private async Task IgnoringRacesAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (ApiException error) when (error.IsConflict || error.IsNotFound || error.IsAlreadyExists)
        {
            Log.Raced(logger, error.Message);
        }
    }

    private static string NameOf(JsonObject item) => item.Object("metadata").String("name")!;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "APIServices could not be brought up to date; trying again")]
        public static partial void Failed(ILogger logger, Exception error);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Somebody else changed an APIService: {Why}")]
        public static partial void Raced(ILogger logger, string why);
    }
}
