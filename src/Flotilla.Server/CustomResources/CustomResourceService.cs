using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.CustomResources;

/// <summary>
/// Keeps the kinds that the server offers in step with the stored CustomResourceDefinitions: accepts their names,
/// establishes them, and empties them before they go. One loop follows the changes; only what they concern is looked
/// at again.
/// </summary>
public sealed partial class CustomResourceService(ObjectStore objects, KindRegistry kinds, TimeProvider time, ILogger<CustomResourceService> logger) : BackgroundService
{
    private static readonly Kind Definition = ApiExtensionsKinds.CustomResourceDefinition;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> registered = new(StringComparer.Ordinal);
    private readonly DefinitionSet definitions = new();
    private readonly HashSet<string> pending = new(StringComparer.Ordinal);

    /// <summary>Everything established is offered when this returns.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        var established = definitions.Names.Select(name => definitions.Find(name)!).Where(IsEstablished).ToDictionary(DefinitionSet.NameOf, CustomKinds.Of, StringComparer.Ordinal);
        registered.UnionWith(established.Keys);
        kinds.Replace(established);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                Log.Failed(logger, "All custom resource definitions", error);
                await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Reads everything, then follows the changes until the store forgets where this was.</summary>
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var revision = await LoadAsync(cancellationToken);
        foreach (var gone in registered.Except(definitions.Names).ToList())
        {
            Withdraw(gone);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var changes = objects.Store.WatchAsync(Definition.StoragePrefix, revision, ending.Token).GetAsyncEnumerator(ending.Token);
        var next = changes.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                await ReconcilePendingAsync(cancellationToken);
                if (pending.Count > 0 && await Task.WhenAny(next, Task.Delay(RetryAfter, time, cancellationToken)) != next)
                {
                    continue;
                }

                if (!await next)
                {
                    return;
                }

                Take(changes.Current);
                next = changes.MoveNextAsync().AsTask();
            }
        }
        finally
        {
            await ending.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Take(IReadOnlyList<StoreEvent> changes)
    {
        foreach (var change in changes)
        {
            var name = change.Key[Definition.StoragePrefix.Length..];
            var before = definitions.Find(name);
            if (change.Value is { } value)
            {
                var definition = ObjectStore.Decode(Definition, value, change.Revision);
                definitions.Put(definition);
                pending.Add(name);
                pending.UnionWith(definitions.InConflict(definition));
            }
            else if (before is not null)
            {
                definitions.Remove(name);
                pending.UnionWith(definitions.InConflict(before));
                pending.Remove(name);
                Withdraw(name);
            }
        }
    }

    private async Task ReconcilePendingAsync(CancellationToken cancellationToken)
    {
        foreach (var name in pending.ToList())
        {
            if (definitions.Find(name) is not { } definition || await TryAsync(name, () => ReconcileAsync(definition, cancellationToken)))
            {
                pending.Remove(name);
            }
        }
    }

    private async Task<bool> TryAsync(string what, Func<Task<bool>> reconcile)
    {
        try
        {
            return await reconcile();
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Log.Failed(logger, what, error);
            return false;
        }
    }

    /// <summary>False: something is under way that no change of a definition will announce.</summary>
    private async Task<bool> ReconcileAsync(JsonObject definition, CancellationToken cancellationToken)
    {
        var wanted = DefinitionStatus.For(definition, definitions.GroupOf(definition), time.GetUtcNow());
        var changed = !wanted.SameAs(definition["status"]);
        if (changed)
        {
            definition = definition.Copy();
            definition["status"] = wanted;
            definitions.Put(definition);
        }

        // Whoever reads that it is established finds it served.
        Offer(definition);
        if (changed)
        {
            await WriteStatusAsync(DefinitionSet.NameOf(definition), status => DefinitionStatus.For(status, definitions.GroupOf(status), time.GetUtcNow()), cancellationToken);
        }

        return definition.Object("metadata").String("deletionTimestamp") is null || await new DefinitionCleanup(objects, kinds, time).AdvanceAsync(definition, cancellationToken);
    }

    private Task WriteStatusAsync(string name, Func<JsonObject, JsonObject> status, CancellationToken cancellationToken) => objects.ChangeAsync(
        Definition,
        new ObjectKey(null, name),
        Subresource.StatusName,
        DefinitionCleanup.Writing,
        current =>
        {
            current["status"] = status(current);
            return current;
        },
        cancellationToken);

    private void Offer(JsonObject definition)
    {
        var name = DefinitionSet.NameOf(definition);
        if (!IsEstablished(definition))
        {
            return;
        }

        var before = kinds.AddedBy(name);
        if (registered.Contains(name) && IsSame(before, definition))
        {
            return;
        }

        registered.Add(name);
        kinds.Replace(name, CustomKinds.Of(definition));
        Retire(before);
    }

    private static bool IsSame(IReadOnlyList<Kind> before, JsonObject definition)
    {
        var old = before.Count > 0 ? before[0].Custom!.Definition : null;
        return old is not null
            && old["spec"].SameAs(definition["spec"])
            && old.Object("status")?["acceptedNames"].SameAs(definition.Object("status")?["acceptedNames"]) == true
            && old.Object("metadata").String("deletionTimestamp") == definition.Object("metadata").String("deletionTimestamp");
    }

    private void Withdraw(string name)
    {
        var before = kinds.AddedBy(name);
        registered.Remove(name);
        kinds.Replace(name, []);
        Retire(before);
    }

    private static void Retire(IReadOnlyList<Kind> before)
    {
        foreach (var kind in before)
        {
            kind.Custom!.Retire();
        }
    }

    private async Task<Revision> LoadAsync(CancellationToken cancellationToken)
    {
        var list = await objects.Store.ListAsync(Definition.StoragePrefix, null, 0, null, cancellationToken);
        definitions.Clear();
        foreach (var entry in list.Entries)
        {
            definitions.Put(ObjectStore.Decode(Definition, entry.Value, entry.Modified));
        }

        pending.UnionWith(definitions.Names);
        return list.Revision;
    }

    private static bool IsEstablished(JsonObject definition) => DefinitionStatus.IsTrue(definition, "Established");

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Definition} could not be brought into effect; trying again")]
        public static partial void Failed(ILogger logger, string definition, Exception error);
    }
}
