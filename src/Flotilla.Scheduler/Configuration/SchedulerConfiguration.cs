using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Scheduler.Pipeline;

namespace Flotilla.Scheduler.Configuration;

/// <summary>
/// Reads a configuration of upstream's shape: kind KubeSchedulerConfiguration, kubescheduler.config.k8s.io/v1. Of its parts
/// back-off, profiles, plugins with weights and the arguments of plugins count; how to reach the cluster and to elect a
/// leader is not the scheduler's business here.
/// </summary>
public static class SchedulerConfiguration
{
    private const string ApiVersion = "kubescheduler.config.k8s.io/v1";
    private const string Kind = "KubeSchedulerConfiguration";

    /// <exception cref="InvalidDataException">Not such a configuration; all that is wrong is listed.</exception>
    public static SchedulerOptions Read(JsonObject content)
    {
        List<string> problems = [];
        if (content.String("kind") != Kind || content.String("apiVersion") != ApiVersion)
        {
            problems.Add($"it must be of kind {Kind}, {ApiVersion}");
        }

        var percentage = Percentage(content, "percentageOfNodesToScore", 0, problems);
        var profiles = content.Objects("profiles").Select((profile, index) => Profile(profile, $"profiles[{index}]", percentage, problems)).ToList();
        foreach (var twice in profiles.CountBy(profile => profile.Name, StringComparer.Ordinal).Where(name => name.Value > 1))
        {
            problems.Add($"profiles: scheduler name \"{twice.Key}\" is given to more than one profile");
        }

        var options = new SchedulerOptions();
        options = options with
        {
            PodInitialBackoff = Seconds(content, "podInitialBackoffSeconds", options.PodInitialBackoff, problems),
            PodMaxBackoff = Seconds(content, "podMaxBackoffSeconds", options.PodMaxBackoff, problems),
            Profiles = profiles.Count > 0 ? profiles : [new ProfileOptions(PercentageOfNodesToScore: percentage)],
        };
        if (options.PodMaxBackoff < options.PodInitialBackoff)
        {
            problems.Add("podMaxBackoffSeconds must not be less than podInitialBackoffSeconds");
        }

        return problems.Count == 0 ? options : throw new InvalidDataException(string.Join("; ", problems));
    }

    private static ProfileOptions Profile(JsonObject profile, string path, int percentage, List<string> problems)
    {
        var arguments = PluginArguments.Read(profile, path, problems);
        var choice = PluginChoice.Read(profile.Object("plugins"), $"{path}.plugins", problems);
        return new ProfileOptions(
            profile.String("schedulerName") is { Length: > 0 } name ? name : SchedulerOptions.DefaultName,
            context => choice.Apply(DefaultPlugins.All(context, arguments)),
            Percentage(profile, "percentageOfNodesToScore", percentage, problems));
    }

    private static int Percentage(JsonObject parent, string name, int fallback, List<string> problems)
    {
        var value = parent.Integer(name) ?? fallback;
        if (value is < 0 or > 100)
        {
            problems.Add($"{name}: {value} is not between 0 and 100");
        }

        return (int)Math.Clamp(value, 0, 100);
    }

    private static TimeSpan Seconds(JsonObject parent, string name, TimeSpan fallback, List<string> problems)
    {
        if (parent.Integer(name) is not { } seconds)
        {
            return fallback;
        }

        if (seconds is < 1 or > 86_400)
        {
            problems.Add($"{name}: {seconds} must be greater than 0 and at most a day");
            return fallback;
        }

        return TimeSpan.FromSeconds(seconds);
    }
}
