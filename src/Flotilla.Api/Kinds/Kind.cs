using System.Text.Json.Nodes;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Schema;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

public enum Scope
{
    Namespaced,
    Cluster,
}

/// <summary>A path below an object, e.g. <c>status</c>; <see cref="Kind"/> is what travels in its bodies.</summary>
public sealed record Subresource(string Name, ResourceKind Kind, params string[] Verbs)
{
    public const string StatusName = "status";
    public const string ScaleName = "scale";

    public static Subresource Scale { get; } = new(ScaleName, new("autoscaling", "v1", "Scale"), "get", "patch", "update");
}

/// <summary>One column of the Table representation. Priority above zero shows only in wide output.</summary>
public sealed record Column(string Name, Func<JsonObject, ColumnContext, JsonNode?> Cell, int Priority = 0, string Type = "string", string Format = "")
{
    /// <summary>null: as the table of descriptions says.</summary>
    public string? Description { get; init; }
}

public readonly record struct ColumnContext(DateTimeOffset Now);

/// <summary>
/// One kind of object. Routes, discovery, OpenAPI, storage prefix, Table columns, defaults and rules derive from here.
/// Functions are pure and touch only the object they are handed.
/// </summary>
public sealed class Kind
{
    private readonly Lazy<TypeSchema> schema;
    private static readonly string[] AllVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    public Kind(string group, string version, string plural, string name, Scope scope)
    {
        Identity = new ResourceKind(group, version, name);
        Plural = plural;
        Scope = scope;
        Singular = name.ToLowerInvariant();
        StoragePrefix = $"/{(group.Length == 0 ? "core" : group)}/{plural}/";
        schema = new(() => SchemaTable.BuiltIn.Find(Identity) ?? throw new InvalidOperationException($"The schema table lacks {Identity}."));
    }

    public ResourceKind Identity { get; }

    public string Group => Identity.Group;

    public string Version => Identity.Version;

    public string Name => Identity.Kind;

    public string Plural { get; }

    public string Singular { get; init; }

    public Scope Scope { get; }

    public bool IsNamespaced => Scope == Scope.Namespaced;

    /// <summary>The shape of the object: from the schema table, or from the definition of a custom resource.</summary>
    public TypeSchema Schema => Custom?.Type ?? schema.Value;

    /// <summary>Set when a CustomResourceDefinition made this kind.</summary>
    public CustomResource? Custom { get; init; }

    /// <summary>The kind of a list of these.</summary>
    public string ListName { get => field ?? Name + "List"; init; }

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public IReadOnlyList<string> Verbs { get; init; } = AllVerbs;

    public bool HasStatus { get; init; }

    public bool HasScale { get; init; }

    /// <summary>Subresources beyond status and scale.</summary>
    public IReadOnlyList<Subresource> Others { get; init; } = [];

    /// <summary>All subresources, ordered by name as discovery lists them.</summary>
    public IEnumerable<Subresource> Subresources
    {
        get
        {
            IEnumerable<Subresource> all = Others;
            if (HasStatus)
            {
                all = all.Append(new Subresource(Subresource.StatusName, Identity, "get", "patch", "update"));
            }

            if (HasScale)
            {
                all = all.Append(Subresource.Scale);
            }

            return all.OrderBy(sub => sub.Name, StringComparer.Ordinal);
        }
    }

    public IReadOnlyList<Column> Columns { get; init; } = [];

    /// <summary>Fields that field selectors may name: label to JSON path.</summary>
    public IReadOnlyDictionary<string, string> SelectableFields { get; init; } = new Dictionary<string, string>();

    /// <summary>metadata.generation counts changes of the desired state.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>A create may carry its status (nodes report themselves).</summary>
    public bool KeepsStatusOnCreate { get; init; }

    /// <summary>PUT to a name that does not exist creates it.</summary>
    public bool AllowsCreateOnUpdate { get; init; }

    /// <summary>A PUT must say which version of the object it replaces.</summary>
    public bool NeedsVersionOnUpdate { get; init; }

    /// <summary>A deletion answers with a Status rather than the object.</summary>
    public bool DeleteAnswersStatus { get; init; } = true;

    /// <summary>Seconds before a deletion is final, or null when it is immediate.</summary>
    public Func<JsonObject, long?>? GracePeriod { get; init; }

    /// <summary>Fills what the author left out; runs before fields are attributed to the author.</summary>
    public Action<JsonObject>? Default { get; init; }

    /// <summary>Fills in the times of what the author added without one; runs with <see cref="Default"/>.</summary>
    public Action<JsonObject, DateTimeOffset>? Date { get; init; }

    /// <summary>Sets what the server owns on create (finalizers, first status); runs after attribution.</summary>
    public Action<JsonObject>? Prepare { get; init; }

    /// <summary>Carries over what an update must not touch: (new, old).</summary>
    public Action<JsonObject, JsonObject>? PrepareUpdate { get; init; }

    /// <summary>Marks an object whose deletion begins.</summary>
    public Action<JsonObject, DateTimeOffset>? PrepareDelete { get; init; }

    /// <summary>All that is wrong: (new, old or null on create).</summary>
    public Func<JsonObject, JsonObject?, IEnumerable<FieldError>>? Validate { get; init; }

    /// <summary>Updates through subresources, by their names; those without an entry are checked where they are answered.</summary>
    public IReadOnlyDictionary<string, PartialUpdate> Parts { get; init; } = new Dictionary<string, PartialUpdate>();

    public Func<string, string?> ValidateName { get; init; } = Names.CheckSubdomain;

    /// <summary>The kind whose form is stored, when this one is another version of it.</summary>
    public Kind? StoredAs { get; init; }

    public Action<JsonObject>? ToStored { get; init; }

    public Action<JsonObject>? FromStored { get; init; }

    /// <summary>Where objects of this kind are stored; namespaced keys continue with <c>namespace/name</c>.</summary>
    public string StoragePrefix { get; init; }

    /// <summary>Virtual kinds are answered, never stored.</summary>
    public bool IsStored => Verbs.Contains("get") && Verbs.Contains("create");

    public string GroupResource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>The kind as error messages name it: <c>Deployment.apps</c>.</summary>
    public string GroupKind => Group.Length == 0 ? Name : $"{Name}.{Group}";

    public string KeyOf(ObjectKey key) => (StoredAs ?? this).StoragePrefix + (key.Namespace is null ? key.Name : $"{key.Namespace}/{key.Name}");

    public override string ToString() => $"{GroupResource}/{Version}";
}
