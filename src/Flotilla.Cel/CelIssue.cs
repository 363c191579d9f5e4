using Flotilla.Cel.Values;

namespace Flotilla.Cel;

/// <summary>Something wrong with an expression. Line and column count from 1, columns in code points.</summary>
public sealed record CelIssue(int Line, int Column, string Message)
{
    /// <summary>The issue as upstream prints it: the message, the line and a mark under the place.</summary>
    public string Show(string expression)
    {
        var line = expression.Split('\n').ElementAtOrDefault(Line - 1)?.Replace('\t', ' ');
        if (string.IsNullOrEmpty(line))
        {
            return $"ERROR: <input>:{Line}:{Column}: {Message}";
        }
        var before = line.EnumerateRunes().Take(Column - 1).Select(rune => rune.Utf8SequenceLength > 1 ? "．" : ".");
        var mark = line.EnumerateRunes().Skip(Column - 1).FirstOrDefault().Utf8SequenceLength > 1 ? "＾" : "^";
        return $"ERROR: <input>:{Line}:{Column}: {Message}\n | {line}\n | {string.Concat(before)}{mark}";
    }

    internal static CelIssue At(string expression, int offset, string message)
    {
        var before = expression[..Math.Min(offset, expression.Length)];
        var start = before.LastIndexOf('\n') + 1;
        return new CelIssue(before.Count(static character => character == '\n') + 1, CodePoints.Count(before[start..]) + 1, message);
    }
}
