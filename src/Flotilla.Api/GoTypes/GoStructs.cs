using System.Collections.Frozen;

namespace Flotilla.Api.GoTypes;

/// <summary>
/// How upstream's Go code lays out a pod template, read once from the embedded table <c>go.structs</c>. Two answers
/// depend on it: the hash in the names of ReplicaSets, and the difference shown when a pod update is refused.
/// </summary>
internal sealed class GoStructs
{
    private const string Own = "core.";
    private static readonly GoType Quantity = new(GoKind.Quantity, "resource.Quantity");
    private static readonly Lazy<GoStructs> Loaded = new(Load);
    private readonly FrozenDictionary<string, GoStruct> structs;

    private GoStructs(Dictionary<string, GoStruct> structs) => this.structs = structs.ToFrozenDictionary(StringComparer.Ordinal);

    public static GoStructs BuiltIn => Loaded.Value;

    public IEnumerable<string> Names => structs.Keys;

    /// <summary>The layout of the v1 API, under the name of the table or as Go prints it.</summary>
    public GoStruct this[string name] => structs[Plain(name)];

    /// <summary>The layout inside of the API server, which is versionless.</summary>
    public GoStruct Versionless(string name) => structs.GetValueOrDefault(Own + Plain(name)) ?? this[name];

    private static string Plain(string name) => name.StartsWith("v1.", StringComparison.Ordinal) ? name[3..] : name;

    private static GoStructs Load()
    {
        using var stream = typeof(GoStructs).Assembly.GetManifestResourceStream("go.structs")
            ?? throw new InvalidOperationException("The table of Go structs is not embedded.");
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ')).ToList();
        var structs = lines.Where(words => words[0][0] == '@')
            .ToDictionary(words => words[0][1..], words => new GoStruct { HasJsonNames = words.Length > 1 }, StringComparer.Ordinal);
        GoStruct? current = null;
        foreach (var words in lines)
        {
            if (words[0][0] == '@')
            {
                current = structs[words[0][1..]];
            }
            else
            {
                current!.Fields.Add(ReadField(words, structs));
            }
        }

        return new GoStructs(structs);
    }

    private static GoField ReadField(string[] words, Dictionary<string, GoStruct> structs)
    {
        var json = words.Length > 2 ? words[2] : char.ToLowerInvariant(words[0][0]) + words[0][1..];
        var place = json switch
        {
            "." => GoPlace.Inline,
            _ when json[0] == '.' => GoPlace.EmbeddedField,
            _ when json[0] == '^' => GoPlace.Enclosing,
            _ => GoPlace.Field,
        };
        return new GoField(words[0], ReadType(words[1], structs), json.TrimStart('.', '^'), place);
    }

    private static GoType ReadType(string text, Dictionary<string, GoStruct> structs) => text switch
    {
        _ when text[0] == '*' => ReadType(text[1..], structs) with { IsPointer = true },
        _ when text.StartsWith("[]", StringComparison.Ordinal) => Of(GoKind.List, "[]", ReadType(text[2..], structs)),
        _ when text.StartsWith("{}", StringComparison.Ordinal) => Of(GoKind.Map, "map[string]", ReadType(text[2..], structs)),
        "string" => new(GoKind.String, text),
        "bool" => new(GoKind.Boolean, text),
        "int32" or "int64" => new(GoKind.Integer, text),
        "quantity" => Quantity,
        "ResourceList" => new(GoKind.Map, "v1.ResourceList", Quantity),
        "time" => new(GoKind.Time, "v1.Time"),
        "intorstring" => new(GoKind.IntOrString, "intstr.IntOrString"),
        _ => new(structs.ContainsKey(text) ? GoKind.Struct : GoKind.String, text.Contains('.', StringComparison.Ordinal) ? text : "v1." + text),
    };

    private static GoType Of(GoKind kind, string prefix, GoType element) => new(kind, prefix + element.Name, element);
}
