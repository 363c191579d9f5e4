using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Authorization;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Fairness;

/// <summary>
/// Priority and fairness: sorts each request into a flow and lets it in when its priority level has seats. What the
/// stored FlowSchemas and PriorityLevelConfigurations say applies from the moment they are written.
/// </summary>
internal sealed class FlowControl(IStore store, int totalSeats, TimeProvider time, ILogger<FlowControl> logger)
    : StoreFollower(store, [FlowControlKinds.FlowSchema.StoragePrefix, FlowControlKinds.PriorityLevel.StoragePrefix], logger)
{
    private static readonly TimeSpan QueueWait = TimeSpan.FromSeconds(15);

    private readonly SeatPool pool = new(totalSeats);
    private readonly Dictionary<string, FlowModel> schemas = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LevelModel> models = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, PriorityLevel> levels = new(StringComparer.Ordinal);
    private volatile FlowModel[] ordered = [];
    private volatile TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes at the next change of a schema or level.</summary>
    public Task Changed => changed.Task;

    /// <summary>The flow a request belongs to; null before there are schemas.</summary>
    public (FlowModel Schema, PriorityLevel Level)? Classify(RequestUser user, AccessAttributes wanted)
    {
        foreach (var schema in ordered)
        {
            if (schema.Matches(user, wanted) && levels.TryGetValue(schema.Level, out var level))
            {
                return (schema, level);
            }
        }

        return null;
    }

    public ValueTask<Rejection> EnterAsync(FlowModel schema, PriorityLevel level, RequestUser user, AccessAttributes wanted, int seats, CancellationToken cancellationToken) =>
        level.EnterAsync(level.Model.IsExempt ? 0 : ShuffleSharding.Hash(schema.Name, schema.FlowOf(user, wanted)), seats, QueueWait, time, cancellationToken);

    protected override void Reset(IReadOnlyList<StoredEntry> entries)
    {
        schemas.Clear();
        models.Clear();
        foreach (var entry in entries)
        {
            Take(entry.Key, entry.Value);
        }

        Rebuild();
    }

    protected override void Apply(string key, ReadOnlyMemory<byte>? value)
    {
        Take(key, value);
        Rebuild();
    }

    private void Take(string key, ReadOnlyMemory<byte>? value)
    {
        var decoded = value is { } bytes ? (JsonObject)GoJson.Parse(bytes.Span)! : null;
        if (key.StartsWith(FlowControlKinds.FlowSchema.StoragePrefix, StringComparison.Ordinal))
        {
            Set(schemas, key, decoded is null ? null : FlowModel.FromJson(decoded));
        }
        else
        {
            Set(models, key, decoded is null ? null : LevelModel.FromJson(decoded));
        }
    }

    private void Rebuild()
    {
        foreach (var name in levels.Keys.Except(models.Values.Select(model => model.Name), StringComparer.Ordinal).ToList())
        {
            levels.TryRemove(name, out _);
        }

        pool.Divide([.. models.Values.Select(model => (levels.GetOrAdd(model.Name, _ => new PriorityLevel(pool, model)), model))]);
        ordered = [.. schemas.Values.OrderBy(schema => schema.Precedence).ThenBy(schema => schema.Name, StringComparer.Ordinal)];
        var waiting = changed;
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
    }

    private static void Set<T>(Dictionary<string, T> map, string key, T? value)
        where T : class
    {
        if (value is null)
        {
            map.Remove(key);
        }
        else
        {
            map[key] = value;
        }
    }
}
