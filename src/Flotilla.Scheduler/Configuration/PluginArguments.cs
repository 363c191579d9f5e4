using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Preemption;
using k8s.Models;

namespace Flotilla.Scheduler.Configuration;

/// <summary>Arguments of plugins. What is not said is upstream's default.</summary>
public sealed record PluginArguments
{
    public static readonly PluginArguments Default = new();

    public FitStrategy? Strategy { get; init; }

    public Func<string, bool>? IgnoredResources { get; init; }

    public IReadOnlyList<string>? BalancedResources { get; init; }

    public SpreadDefaults? Spread { get; init; }

    public int HardPodAffinityWeight { get; init; } = 1;

    public bool IgnoresPreferredOfExisting { get; init; }

    public V1NodeAffinity? AddedAffinity { get; init; }

    public PreemptionLimits? Preemption { get; init; }

    internal static PluginArguments Read(JsonObject profile, string path, List<string> problems)
    {
        var arguments = Default;
        foreach (var config in profile.Objects("pluginConfig"))
        {
            var name = config.String("name") ?? "";
            arguments = arguments.With(name, config.Object("args") ?? [], $"{path}.pluginConfig[{name}]", problems);
        }

        return arguments;
    }

    private PluginArguments With(string name, JsonObject args, string path, List<string> problems)
    {
        switch (name)
        {
            case "NodeResourcesFit":
                return this with { Strategy = ReadStrategy(args.Object("scoringStrategy"), path, problems), IgnoredResources = ReadIgnored(args) };
            case "NodeResourcesBalancedAllocation":
                return this with { BalancedResources = [.. args.Objects("resources").Select(resource => resource.String("name") ?? "")] };
            case "PodTopologySpread":
                return this with { Spread = ReadSpread(args, path, problems) };
            case "InterPodAffinity":
                return this with
                {
                    HardPodAffinityWeight = Number(args, "hardPodAffinityWeight", 1, 0, 100, path, problems),
                    IgnoresPreferredOfExisting = args.Boolean("ignorePreferredTermsOfExistingPods") == true,
                };
            case "NodeAffinity":
                return this with { AddedAffinity = args.Object("addedAffinity") is { } added ? ObjectJson.Decode<V1NodeAffinity>(ObjectJson.Encode(added)) : null };
            case "DefaultPreemption":
                return this with
                {
                    Preemption = new PreemptionLimits(
                        Number(args, "minCandidateNodesPercentage", 10, 0, 100, path, problems),
                        Number(args, "minCandidateNodesAbsolute", 100, 0, int.MaxValue, path, problems)),
                };
            default:
                problems.Add($"{path}: plugin \"{name}\" takes no arguments here");
                return this;
        }
    }

    private static FitStrategy? ReadStrategy(JsonObject? strategy, string path, List<string> problems)
    {
        if (strategy is null)
        {
            return null;
        }

        List<(string, long)> resources = [.. strategy.Objects("resources").Select(one => (one.String("name") ?? "", one.Integer("weight") ?? 1))];
        var weighed = resources.Count > 0 ? resources : FitStrategy.CpuAndMemory;
        foreach (var (name, weight) in resources.Where(one => one.Item2 is < 1 or > 100))
        {
            problems.Add($"{path}.scoringStrategy.resources: weight {weight} of {name} is not between 1 and 100");
        }

        switch (strategy.String("type"))
        {
            case null or "" or "LeastAllocated":
                return new FitStrategy(weighed, FitStrategy.Least);
            case "MostAllocated":
                return new FitStrategy(weighed, FitStrategy.Most);
            case "RequestedToCapacityRatio":
                return new FitStrategy(weighed, FitStrategy.Ratio(ReadShape(strategy, path, problems)), rounds: true);
            case var other:
                problems.Add($"{path}.scoringStrategy.type: \"{other}\" is none of LeastAllocated, MostAllocated, RequestedToCapacityRatio");
                return null;
        }
    }

    private static List<(long, long)> ReadShape(JsonObject strategy, string path, List<string> problems)
    {
        List<(long Utilization, long Score)> shape = [.. strategy.Object("requestedToCapacityRatio").Objects("shape").Select(point => (point.Integer("utilization") ?? 0, point.Integer("score") ?? 0))];
        if (shape.Count == 0)
        {
            problems.Add($"{path}.scoringStrategy.requestedToCapacityRatio.shape: at least one point must be specified");
            return [(0, 0)];
        }

        if (shape.Any(point => point.Utilization is < 0 or > 100 || point.Score is < 0 or > 10) || shape.Zip(shape.Skip(1)).Any(pair => pair.Second.Utilization <= pair.First.Utilization))
        {
            problems.Add($"{path}.scoringStrategy.requestedToCapacityRatio.shape: utilization must rise from 0 to 100 and scores must be from 0 to 10");
            return [(0, 0)];
        }

        return shape;
    }

    private static Func<string, bool>? ReadIgnored(JsonObject args)
    {
        HashSet<string> names = new(Strings(args, "ignoredResources"), StringComparer.Ordinal);
        HashSet<string> groups = new(Strings(args, "ignoredResourceGroups"), StringComparer.Ordinal);
        return names.Count + groups.Count == 0 ? null : name => names.Contains(name) || groups.Contains(name.Split('/')[0]);
    }

    private static SpreadDefaults? ReadSpread(JsonObject args, string path, List<string> problems)
    {
        var constraints = args.Objects("defaultConstraints").Select(one => ObjectJson.Decode<V1TopologySpreadConstraint>(ObjectJson.Encode(one))).ToList();
        if (args.String("defaultingType") != "List")
        {
            if (constraints.Count > 0)
            {
                problems.Add($"{path}.defaultConstraints: can only be given with defaultingType List");
            }

            return null;
        }

        if (constraints.Any(constraint => constraint.LabelSelector is not null || constraint.MaxSkew < 1 || string.IsNullOrEmpty(constraint.TopologyKey)))
        {
            problems.Add($"{path}.defaultConstraints: each needs maxSkew and topologyKey, and must have no labelSelector");
        }

        return new SpreadDefaults(constraints);
    }

    private static IEnumerable<string> Strings(JsonObject args, string name) =>
        (args[name] as JsonArray ?? []).Select(one => one?.GetValue<string>() ?? "");

    private static int Number(JsonObject args, string name, int fallback, int least, int most, string path, List<string> problems)
    {
        var value = args.Integer(name) ?? fallback;
        if (value < least || value > most)
        {
            problems.Add($"{path}.{name}: {value} is not between {least} and {most}");
        }

        return (int)Math.Clamp(value, least, most);
    }
}
