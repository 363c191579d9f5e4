using System.Text;
using Flotilla.Cel.Schemas;

namespace Flotilla.Cel.Validation;

/// <summary>The fieldPath of a rule: <c>.field</c> and <c>['name']</c> steps into its schema.</summary>
internal static class RulePath
{
    /// <summary>The path as errors show it, without the leading dot; null when it does not lead to a field.</summary>
    public static string? Normalize(string path, StructuralSchema schema)
    {
        var result = new StringBuilder();
        var current = schema;
        for (var at = 0; at < path.Length;)
        {
            var name = path[at] == '.' ? ReadName(path, ref at) : path[at] == '[' ? ReadQuoted(path, ref at) : null;
            if (string.IsNullOrEmpty(name))
            {
                return null;
            }
            var isField = current.Properties is not null;
            current = isField ? current.Properties!.GetValueOrDefault(name) : current.AdditionalProperties;
            if (current is null)
            {
                return null;
            }
            result.Append(!isField ? $"[{name}]" : result.Length == 0 ? name : "." + name);
        }
        return result.Length == 0 ? null : result.ToString();
    }

    private static string ReadName(string path, ref int at)
    {
        var start = ++at;
        while (at < path.Length && path[at] is not ('.' or '[' or ']'))
        {
            at++;
        }
        return path[start..at];
    }

    private static string? ReadQuoted(string path, ref int at)
    {
        var name = new StringBuilder();
        if (at + 1 >= path.Length || path[at + 1] != '\'')
        {
            return null;
        }
        for (at += 2; at < path.Length && path[at] != '\''; at++)
        {
            if (path[at] == '\\' && ++at >= path.Length)
            {
                return null;
            }
            name.Append(path[at - 1] == '\\' ? Unescape(path[at]) : path[at]);
        }
        var closed = at + 1 < path.Length && path[at + 1] == ']';
        at += 2;
        return closed ? name.ToString() : null;
    }

    private static char Unescape(char letter) => letter switch
    {
        'a' => '\a',
        'b' => '\b',
        'f' => '\f',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\v',
        _ => letter,
    };
}
