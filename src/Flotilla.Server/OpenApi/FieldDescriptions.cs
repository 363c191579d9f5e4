using System.Collections.Frozen;
using Flotilla.Api.CustomResources;

namespace Flotilla.Server.OpenApi;

/// <summary>
/// What <c>kubectl explain</c> tells about built-in types and fields: from the embedded table
/// <c>kubernetes.descriptions</c>, which covers those a user meets most. Read once.
/// </summary>
internal static class FieldDescriptions
{
    private static readonly Lazy<FrozenDictionary<(string Type, string Field), string>> Table = new(Load);

    /// <summary>Type and field by the names of the schema table; the type's own text has an empty field.</summary>
    public static IEnumerable<(string Type, string Field)> Described => Table.Value.Keys;

    public static string? OfType(string type) => Table.Value.GetValueOrDefault((type, ""));

    /// <param name="isKind">The type is one of an object, which has identity and metadata.</param>
    public static string? OfField(string type, string field, bool isKind) => (type, field) switch
    {
        (_, "apiVersion") when isKind => IdentityDescriptions.ApiVersion,
        (_, "kind") when isKind => IdentityDescriptions.Kind,
        (_, "metadata") when isKind => IdentityDescriptions.Metadata,
        _ when type == StructuralSchema.ObjectMeta.Name => IdentityDescriptions.ObjectMeta.GetValueOrDefault(field),
        _ => Table.Value.GetValueOrDefault((type, field)),
    };

    private static FrozenDictionary<(string, string), string> Load()
    {
        using var stream = typeof(FieldDescriptions).Assembly.GetManifestResourceStream("kubernetes.descriptions")
            ?? throw new InvalidOperationException("The table of descriptions is not embedded.");
        using var reader = new StreamReader(stream);
        var texts = new Dictionary<(string, string), string>();
        var type = "";
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var (name, text) = line.Split(' ', 2) is [var first, var rest] ? (first, rest) : throw new InvalidDataException($"No text: {line}");
            type = name[0] == '@' ? name[1..] : type;
            texts.Add((type, name[0] == '@' ? "" : name), text);
        }

        return texts.ToFrozenDictionary();
    }
}
