using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;

namespace Flotilla.Api.ManagedFields;

/// <summary>Who writes, and through what.</summary>
public sealed record FieldWriter(string Manager, string ApiVersion, string? Subresource, DateTimeOffset Time)
{
    /// <summary>Whole seconds, as entries record it: entries of one second are ordered by manager.</summary>
    public DateTimeOffset Time { get; } = Time.AddTicks(-(Time.Ticks % TimeSpan.TicksPerSecond));
}

/// <summary>A field that another manager owns with a different value.</summary>
public sealed record FieldConflict(string Manager, string Operation, string ApiVersion, DateTimeOffset? Time, string? Subresource, IReadOnlyList<string[]> Paths);

/// <summary>
/// Keeps <c>metadata.managedFields</c>: who last set which field. Pure: it changes only the object it is handed.
/// </summary>
public static class FieldManager
{
    private const int MaxUpdateManagers = 10;
    private const string AncientManager = "ancient-changes";

    private static readonly FieldSet Unmanaged = FieldSet.FromJson((JsonObject)JsonNode.Parse("""
        {"f:apiVersion":{},"f:kind":{},"f:metadata":{".":{},"f:name":{},"f:namespace":{},"f:creationTimestamp":{},"f:selfLink":{},"f:uid":{},
         "f:clusterName":{},"f:generation":{},"f:managedFields":{},"f:resourceVersion":{}}}
        """)!);

    private static readonly JsonObject BlankUntyped = new() { ["metadata"] = new JsonObject() };
    private static readonly ConditionalWeakTable<TypeSchema, JsonObject> Blanks = [];

    /// <summary>Records an update (create, replace, patch) from <paramref name="live"/> to <paramref name="updated"/>.</summary>
    /// <param name="live">null for a create.</param>
    public static void TrackUpdate(JsonObject? live, JsonObject updated, TypeSchema? type, FieldWriter writer, FieldSet? reset)
    {
        var before = live ?? Blank(type);
        var (written, kept) = (updated.Object("metadata").Array("managedFields"), live.Object("metadata").Array("managedFields"));
        var entries = Read(written ?? kept);
        if (written is not null && !written.SameAs(kept))
        {
            // By a client, whose spelling is not ours.
            entries.ForEach(entry => entry.Spell());
        }

        var compared = FieldComparison.Between(before, updated, type);
        foreach (var set in (ReadOnlySpan<FieldSet>)[compared.Added, compared.Modified, compared.Removed])
        {
            Filter(set, reset);
        }

        var changed = compared.Added;
        changed.UnionWith(compared.Modified);
        var mine = entries.FirstOrDefault(entry => entry.Is(writer, "Update"));
        foreach (var entry in entries)
        {
            if (entry != mine)
            {
                entry.Take(changed);
            }

            entry.Take(compared.Removed);
        }

        if (mine is null)
        {
            entries.Add(new Entry(writer.Manager, "Update", writer.ApiVersion, writer.Subresource, writer.Time, changed));
        }
        else if (!changed.IsEmpty)
        {
            mine.Fields.UnionWith(changed);
            mine.Time = writer.Time;
        }

        Write(updated, entries);
    }

    /// <summary>
    /// Which ownership an update starts from: what the client wrote, if it is whole, as kubectl does that moves from client-side to
    /// server-side apply; else, and through a subresource, that of the object before. A single empty entry clears it.
    /// </summary>
    public static void Inherit(JsonObject metadata, JsonObject before, string? subresource)
    {
        var written = metadata.Array("managedFields");
        if (subresource is null && written is [JsonObject { Count: 0 }])
        {
            metadata["managedFields"] = new JsonArray();
        }
        else if (subresource is not null || written is not { Count: > 0 } || !written.All(IsWhole))
        {
            metadata.Remove("managedFields");
            if (before.Array("managedFields") is { } kept)
            {
                metadata["managedFields"] = kept.DeepClone();
            }
        }
    }

    private static bool IsWhole(JsonNode? entry) =>
        entry is JsonObject item && item.String("operation") is "Apply" or "Update" && item.String("apiVersion") is { Length: > 0 }
        && item.String("fieldsType") == "FieldsV1";

    /// <summary>
    /// Applies <paramref name="applied"/> over <paramref name="live"/> and records the ownership in the result.
    /// Conflicts are returned (and nothing changed) unless <paramref name="force"/>.
    /// </summary>
    public static (JsonObject Merged, IReadOnlyList<FieldConflict> Conflicts) Apply(JsonObject? live, JsonObject applied, TypeSchema? type, FieldWriter writer, bool force, FieldSet? reset)
    {
        var entries = Read(live.Object("metadata").Array("managedFields"));
        var config = AppliedFields.Of(applied, type);
        Filter(config, reset);
        var mine = entries.FirstOrDefault(entry => entry.Is(writer, "Apply"));
        var merged = live?.Copy() ?? new JsonObject();
        (merged["metadata"] as JsonObject)?.Remove("managedFields");
        AppliedMerge.Merge(merged, applied, type);
        if (mine is not null)
        {
            var gone = mine.Fields.Copy();
            gone.ExceptWith(config);
            foreach (var other in entries.Where(entry => entry != mine))
            {
                gone.ExceptWith(other.Fields);
                KeepParentsOf(gone, other.Fields);
            }

            KeepParentsOf(gone, config);
            AppliedMerge.Remove(merged, gone, type);
        }

        var compared = FieldComparison.Between(live ?? Blank(type), merged, type);
        var changed = compared.Added.Copy();
        changed.UnionWith(compared.Modified);
        Filter(changed, reset);
        var conflicts = new List<FieldConflict>();
        foreach (var entry in entries.Where(entry => entry != mine))
        {
            var taken = entry.Fields.Intersect(changed);
            if (taken.IsEmpty)
            {
                continue;
            }

            conflicts.Add(new FieldConflict(entry.Manager, entry.Operation, entry.ApiVersion, entry.Time, entry.Subresource, [.. taken.Paths()]));
            if (force)
            {
                entry.Fields.ExceptWith(taken);
            }
        }

        if (conflicts.Count > 0 && !force)
        {
            return (merged, conflicts);
        }

        foreach (var entry in entries)
        {
            entry.Fields.ExceptWith(compared.Removed);
        }

        if (mine is null)
        {
            entries.Add(new Entry(writer.Manager, "Apply", writer.ApiVersion, writer.Subresource, writer.Time, config));
        }
        else
        {
            if (!mine.Fields.ToJson().SameAs(config.ToJson()) || compared.Removed.Children.Count > 0 || changed.Children.Count > 0)
            {
                mine.Time = writer.Time;
            }

            mine.Fields = config;
            mine.ApiVersion = writer.ApiVersion;
        }

        Write(merged, entries);
        return (merged, []);
    }

    /// <summary>The path as conflict messages print it: <c>.data.b</c>, <c>.spec.containers[name="c"].image</c>.</summary>
    public static string Describe(IEnumerable<string> path) => string.Concat(path.Select(element => element[..2] switch
    {
        "f:" => "." + element[2..],
        "k:" => "[" + string.Join(",", ((JsonObject)JsonNode.Parse(element[2..])!).Select(key => $"{key.Key}={key.Value?.ToJsonString(FieldSet.Plain)}")) + "]",
        "v:" => $"[={element[2..]}]",
        _ => $"[{element[2..]}]",
    }));

    // What every object of a type has from the start. Only ever read, by many at a time.
    private static JsonObject Blank(TypeSchema? type) => type is null ? BlankUntyped : Blanks.GetValue(type, static of =>
    {
        var blank = new JsonObject();
        new Normalizer().Normalize(blank, of);
        return blank;
    });

    private static void Filter(FieldSet set, FieldSet? reset)
    {
        set.ExceptWith(Unmanaged);
        if (set.Children.TryGetValue("f:metadata", out var metadata))
        {
            metadata.Remove("f:managedFields");
            if (metadata.IsEmpty)
            {
                set.Remove("f:metadata");
            }
        }

        if (reset is not null)
        {
            set.ExceptTreesOf(reset);
        }
    }

    // An element that is still configured, here or by others, is not removed as a whole because one of its fields went.
    private static void KeepParentsOf(FieldSet gone, FieldSet config)
    {
        foreach (var (element, child) in gone.Children)
        {
            if (config.Children.TryGetValue(element, out var kept))
            {
                child.IsMember = false;
                KeepParentsOf(child, kept);
            }
        }
    }

    private static List<Entry> Read(JsonArray? list)
    {
        var entries = new List<Entry>();
        foreach (var item in (list ?? []).OfType<JsonObject>())
        {
            entries.Add(new Entry(
                item.String("manager") ?? "",
                item.String("operation") ?? "Update",
                item.String("apiVersion") ?? "",
                item.String("subresource"),
                Times.Parse(item.String("time")),
                item));
        }

        return entries;
    }

    private static void Write(JsonObject value, List<Entry> entries)
    {
        entries.RemoveAll(entry => entry.IsEmpty);
        Cap(entries);
        entries.Sort(static (left, right) =>
        {
            var order = string.CompareOrdinal(left.Operation, right.Operation);
            order = order != 0 ? order : Nullable.Compare(left.Time?.ToUnixTimeSeconds(), right.Time?.ToUnixTimeSeconds());
            order = order != 0 ? order : string.CompareOrdinal(left.Manager, right.Manager);
            order = order != 0 ? order : string.CompareOrdinal(left.ApiVersion, right.ApiVersion);
            return order != 0 ? order : string.CompareOrdinal(left.Subresource, right.Subresource);
        });
        var metadata = value.Child("metadata");
        if (entries.Count == 0)
        {
            metadata.Remove("managedFields");
            return;
        }

        metadata["managedFields"] = new JsonArray([.. entries.Select(entry => entry.ToJson())]);
    }

    // Update managers come and go with every client version: the oldest beyond ten share one name.
    private static void Cap(List<Entry> entries)
    {
        if (entries.Count <= MaxUpdateManagers)
        {
            return;
        }

        var updates = entries.Where(entry => entry.Operation == "Update").OrderBy(entry => entry.Time).ToList();
        foreach (var version in updates.Take(Math.Max(0, updates.Count - MaxUpdateManagers + 1)).GroupBy(entry => entry.ApiVersion, StringComparer.Ordinal).ToList())
        {
            if (updates.Count <= MaxUpdateManagers)
            {
                return;
            }

            var merged = new Entry(AncientManager, "Update", version.Key, null, version.Max(entry => entry.Time), new FieldSet());
            foreach (var entry in version)
            {
                merged.Fields.UnionWith(entry.Fields);
                entries.Remove(entry);
            }

            entries.Add(merged);
        }
    }

    private sealed class Entry(string manager, string operation, string apiVersion, string? subresource, DateTimeOffset? time)
    {
        // As it was read; most of the entries that an update meets it leaves as they are.
        private readonly JsonObject? written;
        private FieldSet? fields;

        public Entry(string manager, string operation, string apiVersion, string? subresource, DateTimeOffset? time, FieldSet fields)
            : this(manager, operation, apiVersion, subresource, time) => this.fields = fields;

        public Entry(string manager, string operation, string apiVersion, string? subresource, DateTimeOffset? time, JsonObject written)
            : this(manager, operation, apiVersion, subresource, time) => this.written = written;

        public string Manager { get; } = manager;

        public string Operation { get; } = operation;

        public string ApiVersion { get; set; } = apiVersion;

        public string? Subresource { get; } = subresource;

        public DateTimeOffset? Time { get; set; } = time;

        public FieldSet Fields
        {
            get => fields ??= FieldSet.FromJson(written.Object("fieldsV1"));
            set => fields = value;
        }

        public bool IsEmpty => fields?.IsEmpty ?? written.Object("fieldsV1") is not { Count: > 0 };

        /// <summary>Its fields as they are written here, whoever wrote them.</summary>
        public void Spell() => _ = Fields;

        /// <summary>Removes exactly the paths of <paramref name="gone"/>.</summary>
        public void Take(FieldSet gone)
        {
            if (fields is not null || gone.Meets(written.Object("fieldsV1")))
            {
                Fields.ExceptWith(gone);
            }
        }

        public bool Is(FieldWriter writer, string operation) =>
            Manager == writer.Manager && Operation == operation && Subresource == writer.Subresource && (operation == "Apply" || ApiVersion == writer.ApiVersion);

        public JsonObject ToJson()
        {
            if (fields is null)
            {
                return written!.Copy();
            }

            var json = new JsonObject { ["manager"] = Manager, ["operation"] = Operation, ["apiVersion"] = ApiVersion };
            if (Time is { } time)
            {
                json["time"] = Times.Seconds(time);
            }

            json["fieldsType"] = "FieldsV1";
            json["fieldsV1"] = Fields.ToJson();
            if (!string.IsNullOrEmpty(Subresource))
            {
                json["subresource"] = Subresource;
            }

            return json;
        }
    }
}
