using System.Globalization;
using System.Text;

namespace Flotilla.Client.Metrics;

/// <summary>Metrics as Prometheus reads them: of each family its help and type once, then its samples.</summary>
public sealed class MetricsText
{
    private readonly StringBuilder text = new();

    public void Family(string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    public void Sample(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels) => Sample(name, value, null, labels);

    public void Sample(string name, double value, DateTimeOffset? at, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        text.Append(name);
        for (var i = 0; i < labels.Length; i++)
        {
            text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"");
            Escape(labels[i].Value);
            text.Append('"');
        }
        text.Append(labels.Length > 0 ? "} " : " ").Append(value.ToString("R", CultureInfo.InvariantCulture));
        if (at is { } moment)
        {
            text.Append(' ').Append(moment.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        }
        text.Append('\n');
    }

    public override string ToString() => text.ToString();

    private void Escape(string value)
    {
        foreach (var letter in value)
        {
            _ = letter switch
            {
                '\\' => text.Append("\\\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append("\\n"),
                _ => text.Append(letter),
            };
        }
    }
}
