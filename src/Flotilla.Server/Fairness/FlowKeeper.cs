using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Bootstrap;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Fairness;

/// <summary>After each change of schemas or levels: makes the mandatory ones again, and says of each schema whether its level exists.</summary>
internal sealed partial class FlowKeeper(FlowControl control, BuiltInObjects objects, IStore store, TimeProvider time, ILogger<FlowKeeper> logger) : BackgroundService
{
    private const string Dangling = "Dangling";

    // Changes come in groups.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(50);

    /// <summary>The schema with its condition as it should be; null when it is already. Pure.</summary>
    internal static JsonObject? Judge(JsonObject schema, IReadOnlySet<string> levels, DateTimeOffset now)
    {
        var level = schema.Object("spec").Object("priorityLevelConfiguration").String("name") ?? "";
        var found = levels.Contains(level);
        var (status, reason) = found ? ("False", "Found") : ("True", "NotFound");
        var message = $"This FlowSchema references the PriorityLevelConfiguration object named \"{level}\" {(found ? "and it exists" : "but there is no such object")}";
        var before = schema.Object("status").Objects("conditions").FirstOrDefault(condition => condition.String("type") == Dangling);
        if (before.String("status") == status && before.String("reason") == reason && before.String("message") == message)
        {
            return null;
        }

        var next = schema.Copy();
        var conditions = new JsonArray([.. next.Object("status").Objects("conditions").Where(condition => condition.String("type") != Dangling).Select(condition => condition.DeepClone())]);
        var since = before.String("status") == status ? before.String("lastTransitionTime") : null;
        conditions.Add(new JsonObject { ["type"] = Dangling, ["status"] = status, ["lastTransitionTime"] = since ?? Times.Seconds(now), ["reason"] = reason, ["message"] = message });
        next.Child("status")["conditions"] = conditions;
        return next;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = control.Changed;
            try
            {
                await new BuiltInFlows(objects).EnsureMandatoryAsync(stoppingToken);
                await JudgeAllAsync(stoppingToken);
            }
            catch (Exception error) when (error is ApiException or StorageException)
            {
                // The next change is another chance.
                Log.Failed(logger, error);
            }

            await next.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(Settle, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task JudgeAllAsync(CancellationToken cancellationToken)
    {
        var stored = await store.ListAsync(FlowControlKinds.PriorityLevel.StoragePrefix, null, 0, null, cancellationToken);
        var levels = stored.Entries.Select(entry => StoredObject.NameOf(entry.Key)).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in (await store.ListAsync(FlowControlKinds.FlowSchema.StoragePrefix, null, 0, null, cancellationToken)).Entries)
        {
            if (Judge(StoredObject.Decode(entry.Value, entry.Modified), levels, time.GetUtcNow()) is not null)
            {
                var key = new ObjectKey(null, StoredObject.NameOf(entry.Key));
                await objects.ChangeAsync(FlowControlKinds.FlowSchema, key, current => Judge(current, levels, time.GetUtcNow()) ?? current, cancellationToken, Subresource.StatusName);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Keeping flow schemas and priority levels in order failed")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
