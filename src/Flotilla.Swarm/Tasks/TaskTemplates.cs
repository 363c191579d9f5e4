using System.Globalization;
using System.Text.RegularExpressions;
using Flotilla.Swarm.Services;
using Flotilla.Docker;

namespace Flotilla.Swarm.Tasks;

/// <summary>
/// <c>{{.Service.Name}}</c> and its like in host names, environment and mounts. What only the node knows stays a reference
/// to the environment, which the node fills in.
/// </summary>
internal sealed partial class TaskTemplates(SwarmService service, string serviceId, string taskId, TaskPlace place)
{
    /// <summary>Set from the Pod's node where a template asks for it.</summary>
    public const string NodeVariable = "SWARM_NODE_HOSTNAME";

    private static readonly string[] Known =
    [
        ".Service.ID", ".Service.Name", ".Service.Labels", ".Node.ID", ".Node.Hostname", ".Node.Platform.Architecture", ".Node.Platform.OS", ".Task.ID", ".Task.Name", ".Task.Slot",
    ];

    /// <exception cref="DockerException">A template asks for what there is not.</exception>
    public static void Check(string? text)
    {
        foreach (Match match in Expression().Matches(text ?? ""))
        {
            var word = match.Groups["word"].Value;
            if (!Known.Contains(word, StringComparer.Ordinal) && !word.StartsWith(".Service.Labels.", StringComparison.Ordinal) && Indexed(word) is null)
            {
                throw DockerException.Invalid($"expanding {text} failed: template: expansion:1: can't evaluate field {word}");
            }
        }
    }

    public string Fill(string text) => Expression().Replace(text.Replace("$(", "$$(", StringComparison.Ordinal), match => ValueOf(match.Groups["word"].Value));

    /// <summary>Whether the node's name is asked for.</summary>
    public static bool NeedsNode(string text) => text.Contains(".Node.Hostname", StringComparison.Ordinal);

    private string ValueOf(string word) => word switch
    {
        ".Service.ID" => serviceId,
        ".Service.Name" => service.Name,
        ".Node.ID" => place.NodeId ?? "",
        ".Node.Hostname" => place.Node ?? $"$({NodeVariable})",
        ".Node.Platform.Architecture" => Engine.Machine.ArchitectureOf(Engine.Machine.GoArchitecture),
        ".Node.Platform.OS" => "linux",
        ".Task.ID" => taskId,
        ".Task.Name" => string.Create(CultureInfo.InvariantCulture, $"{service.Name}.{place.Text}.{taskId}"),
        ".Task.Slot" => place.Text,
        ".Service.Labels" => $"map[{string.Join(' ', (service.Read.Labels ?? new Dictionary<string, string>()).OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}:{label.Value}"))}]",
        _ => service.Read.Labels?.GetValueOrDefault(Indexed(word) ?? word[".Service.Labels.".Length..]) ?? "<no value>",
    };

    private static string? Indexed(string word) => LabelIndex().Match(word) is { Success: true } match ? match.Groups["key"].Value : null;

    [GeneratedRegex(@"\{\{-?\s*(?<word>[^}]*?)\s*-?\}\}", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Expression();

    [GeneratedRegex("^index \\.Service\\.Labels \"(?<key>[^\"]*)\"$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex LabelIndex();
}
