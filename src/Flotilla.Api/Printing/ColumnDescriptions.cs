using Flotilla.Api.Kinds;

namespace Flotilla.Api.Printing;

/// <summary>What each column of a table tells, as clients may show it; read on first use from the embedded table <c>columns.descriptions</c>.</summary>
public static class ColumnDescriptions
{
    private static readonly Lazy<Dictionary<(string Resource, string Column), string>> Loaded = new(Load);

    /// <summary>Empty when nothing is said about the column.</summary>
    public static string Of(Kind kind, Column column) => column.Description
        ?? Loaded.Value.GetValueOrDefault((kind.GroupResource, column.Name))
        ?? Loaded.Value.GetValueOrDefault(("*", column.Name))
        ?? "";

    private static Dictionary<(string, string), string> Load()
    {
        using var stream = typeof(ColumnDescriptions).Assembly.GetManifestResourceStream("columns.descriptions")
            ?? throw new InvalidOperationException("The table of column descriptions is not embedded.");
        using var reader = new StreamReader(stream);
        var descriptions = new Dictionary<(string, string), string>();
        var resource = "*";
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('@'))
            {
                resource = line[1..];
            }
            else if (!line.StartsWith('#') && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var at)
            {
                descriptions[(resource, line[..at])] = line[(at + 1)..].Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
            }
        }

        return descriptions;
    }
}
