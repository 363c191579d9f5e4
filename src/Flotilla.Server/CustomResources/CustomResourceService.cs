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
/// establishes them, and empties them before they go. One loop follows the definitions; everything is read again.
/// </summary>
public sealed partial class CustomResourceService(ObjectStore objects, KindRegistry kinds, TimeProvider time, ILogger<CustomResourceService> logger) : BackgroundService
{
    private static readonly Kind Definition = ApiExtensionsKinds.CustomResourceDefinition;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> registered = new(StringComparer.Ordinal);
    private Revision seen;

    /// <summary>Everything established is offered when this returns.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var definition in await ReadAllAsync(cancellationToken))
        {
            Offer(definition);
        }

        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var settled = await TryAsync("All custom resource definitions", () => ReconcileAsync(stoppingToken));
            using var waking = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            if (!settled)
            {
                waking.CancelAfter(RetryAfter);
            }

            await NextChangeAsync(waking.Token);
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
    private async Task<bool> ReconcileAsync(CancellationToken cancellationToken)
    {
        var all = await ReadAllAsync(cancellationToken);
        var settled = true;
        foreach (var group in all.GroupBy(definition => definition.Object("spec").String("group"), StringComparer.Ordinal))
        {
            var members = group.ToList();
            foreach (var definition in members)
            {
                settled &= await TryAsync(NameOf(definition), () => ReconcileAsync(definition, members, cancellationToken));
            }
        }

        foreach (var gone in registered.Except(all.Select(NameOf)).ToList())
        {
            Withdraw(gone);
        }

        return settled;
    }

    private async Task<bool> ReconcileAsync(JsonObject definition, List<JsonObject> group, CancellationToken cancellationToken)
    {
        var wanted = DefinitionStatus.For(definition, group, time.GetUtcNow());
        var changed = !wanted.SameAs(definition["status"]);
        definition["status"] = wanted;

        // Whoever reads that it is established finds it served.
        Offer(definition);
        if (changed)
        {
            await WriteStatusAsync(NameOf(definition), status => DefinitionStatus.For(status, group, time.GetUtcNow()), cancellationToken);
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
        var name = NameOf(definition);
        if (!DefinitionStatus.IsTrue(definition, "Established"))
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

    private async Task<List<JsonObject>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var list = await objects.Store.ListAsync(Definition.StoragePrefix, null, 0, null, cancellationToken);
        seen = list.Revision;
        return [.. list.Entries.Select(entry => ObjectStore.Decode(Definition, entry.Value, entry.Modified))];
    }

    private async Task NextChangeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in objects.Store.WatchAsync(Definition.StoragePrefix, seen, cancellationToken))
            {
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // Time to try again, or to end.
            return;
        }
        catch (CompactedException)
        {
            // Everything is read again anyway.
            return;
        }
    }

    private static string NameOf(JsonObject definition) => definition.Object("metadata").String("name")!;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Definition} could not be brought into effect; trying again")]
        public static partial void Failed(ILogger logger, string definition, Exception error);
    }
}
