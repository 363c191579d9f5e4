using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Api.Kinds.Core;

/// <summary>The lines in which two specs differ, in unified form with three lines around each change.</summary>
internal static class PodSpecDifference
{
    private const int Context = 3;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, IndentSize = 1, NewLine = "\n" };

    public static string Text(JsonObject before, JsonObject after)
    {
        var (old, now) = (before.ToJsonString(Indented).Split('\n'), after.ToJsonString(Indented).Split('\n'));
        var prefix = 0;
        while (prefix < Math.Min(old.Length, now.Length) && old[prefix] == now[prefix])
        {
            prefix++;
        }

        var suffix = 0;
        while (suffix < Math.Min(old.Length, now.Length) - prefix && old[^(suffix + 1)] == now[^(suffix + 1)])
        {
            suffix++;
        }

        var (from, around) = (Math.Max(0, prefix - Context), Math.Min(Context, suffix));
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"@@ -{from + 1},{old.Length - suffix + around - from} +{from + 1},{now.Length - suffix + around - from} @@\n");
        Append(text, ' ', old, from, prefix);
        Append(text, '-', old, prefix, old.Length - suffix);
        Append(text, '+', now, prefix, now.Length - suffix);
        Append(text, ' ', now, now.Length - suffix, now.Length - suffix + around);
        return text.ToString();
    }

    private static void Append(StringBuilder text, char mark, string[] lines, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            text.Append(mark).Append(lines[i]).Append('\n');
        }
    }
}
