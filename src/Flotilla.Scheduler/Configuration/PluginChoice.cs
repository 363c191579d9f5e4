using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Scheduler.Pipeline;

namespace Flotilla.Scheduler.Configuration;

/// <summary>Which plugins a profile switches off, at all their extension points or at some, and the weights it gives.</summary>
internal sealed class PluginChoice
{
    private const string Everywhere = "multiPoint";
    private const string Every = "*";

    private static readonly string[] Points =
    [
        Everywhere, "preEnqueue", "queueSort", "preFilter", "filter", "postFilter", "preScore", "score", "reserve", "permit", "preBind", "bind", "postBind",
    ];

    private static readonly HashSet<string> Known = [.. DefaultPlugins.All(PluginContext.Offline).Select(plugin => plugin.Name)];

    private readonly Dictionary<string, int> weights = new(StringComparer.Ordinal);
    private readonly HashSet<(string Point, string Name)> disabled = [];
    private readonly HashSet<(string Point, string Name)> enabled = [];

    public static PluginChoice Read(JsonObject? plugins, string path, List<string> problems)
    {
        var choice = new PluginChoice();
        foreach (var (point, value) in plugins ?? [])
        {
            if (!Points.Contains(point, StringComparer.Ordinal))
            {
                problems.Add($"{path}: there is no extension point \"{point}\"");
            }
            else if (value is JsonObject set)
            {
                choice.Read(set, point, $"{path}.{point}", problems);
            }
        }

        return choice;
    }

    public PluginSet Apply(IReadOnlyList<IPlugin> plugins) => new(
        [.. plugins.Where(plugin => Has(Everywhere, plugin.Name) || Points.Any(point => enabled.Contains((point, plugin.Name))))],
        weights,
        (point, name) => enabled.Contains((point, name)) || (Has(point, name) && Has(Everywhere, name)));

    private bool Has(string point, string name) =>
        enabled.Contains((point, name)) || !(disabled.Contains((point, name)) || disabled.Contains((point, Every)));

    private void Read(JsonObject set, string point, string path, List<string> problems)
    {
        foreach (var one in set.Objects("disabled"))
        {
            disabled.Add((point, Name(one, $"{path}.disabled", problems, allowsEvery: true)));
        }

        foreach (var one in set.Objects("enabled"))
        {
            var name = Name(one, $"{path}.enabled", problems, allowsEvery: false);
            enabled.Add((point, name));
            if (one.Integer("weight") is { } weight)
            {
                if (weight is < 1 or > 100)
                {
                    problems.Add($"{path}.enabled: weight {weight} of {name} is not between 1 and 100");
                }

                weights[name] = (int)Math.Clamp(weight, 1, 100);
            }
        }
    }

    private static string Name(JsonObject one, string path, List<string> problems, bool allowsEvery)
    {
        var name = one.String("name") ?? "";
        if (!Known.Contains(name) && !(allowsEvery && name == Every))
        {
            problems.Add($"{path}: there is no plugin \"{name}\"");
        }

        return name;
    }
}
