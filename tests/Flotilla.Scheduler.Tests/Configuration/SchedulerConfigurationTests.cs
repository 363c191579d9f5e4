using System.Text.Json.Nodes;
using Flotilla.Scheduler.Configuration;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Plugins;

namespace Flotilla.Scheduler.Tests.Configuration;

public sealed class SchedulerConfigurationTests
{
    [Fact]
    public void Nothing_said_is_upstreams_default()
    {
        var options = Read("""{}""");

        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10)), (options.PodInitialBackoff, options.PodMaxBackoff));
        Assert.Equal("default-scheduler", Assert.Single(options.Profiles).Name);
    }

    [Fact]
    public void Profiles_differ_in_plugins_weights_and_arguments()
    {
        var options = Read("""
            {"podInitialBackoffSeconds":2,"percentageOfNodesToScore":30,"profiles":[
            {"schedulerName":"default-scheduler"},
            {"schedulerName":"packing","percentageOfNodesToScore":70,
             "plugins":{"score":{"disabled":[{"name":"ImageLocality"}],"enabled":[{"name":"NodeResourcesFit","weight":7}]},
                        "multiPoint":{"disabled":[{"name":"PodTopologySpread"}]}},
             "pluginConfig":[{"name":"NodeResourcesFit","args":{"scoringStrategy":{"type":"MostAllocated"}}}]}]}
            """);

        Assert.Equal([30, 70], options.Profiles.Select(profile => profile.PercentageOfNodesToScore));
        var packing = options.Profiles[1].Plugins!(PluginContext.Offline);
        Assert.DoesNotContain(packing.All, plugin => plugin is PodTopologySpread);
        Assert.DoesNotContain(packing.Scorers, scorer => scorer.Plugin is ImageLocality);
        Assert.Contains(packing.All, plugin => plugin is ImageLocality);
        var fit = packing.Scorers.Single(scorer => scorer.Plugin is NodeResourcesFit);
        Assert.Equal(7, fit.Weight);
        var cluster = Given.Cluster(Given.Node("a"), Given.Node("b")).With("a", Given.Pod("there", "2", "4Gi"));
        Assert.Equal([75, 25], fit.Plugin.Scores(Given.Pod("p", "1", "2Gi"), cluster));
    }

    [Fact]
    public void A_score_may_follow_a_line_through_points()
    {
        var plugins = Read("""
            {"profiles":[{"pluginConfig":[{"name":"NodeResourcesFit","args":{"scoringStrategy":{"type":"RequestedToCapacityRatio",
            "resources":[{"name":"cpu","weight":1}],"requestedToCapacityRatio":{"shape":[{"utilization":0,"score":0},{"utilization":50,"score":10},{"utilization":100,"score":2}]}}}}]}]}
            """).Profiles[0].Plugins!(PluginContext.Offline);
        var fit = plugins.Scorers.Single(scorer => scorer.Plugin is NodeResourcesFit).Plugin;
        var cluster = Given.Cluster(Given.Node("a"), Given.Node("b"), Given.Node("c")).With("a", Given.Pod("one", "1")).With("b", Given.Pod("three", "3"));

        Assert.Equal([100, 20, 50], fit.Scores(Given.Pod("p", "1"), cluster));
    }

    [Fact]
    public void Everything_wrong_is_listed()
    {
        var failure = Assert.Throws<InvalidDataException>(() => SchedulerConfiguration.Read(JsonNode.Parse("""
            {"kind":"Other","podInitialBackoffSeconds":0,"percentageOfNodesToScore":101,"profiles":[
            {"plugins":{"score":{"enabled":[{"name":"Luck","weight":200}]},"later":{}}},
            {"pluginConfig":[{"name":"NodeResourcesFit","args":{"scoringStrategy":{"type":"Random"}}},{"name":"InterPodAffinity","args":{"hardPodAffinityWeight":101}}]}]}
            """)!.AsObject()));

        foreach (var part in (string[])["must be of kind", "podInitialBackoffSeconds", "percentageOfNodesToScore", "\"Luck\"", "weight 200", "\"later\"", "\"Random\"", "hardPodAffinityWeight", "more than one profile"])
        {
            Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        }
    }

    private static SchedulerOptions Read(string json)
    {
        var content = JsonNode.Parse(json)!.AsObject();
        content["kind"] = "KubeSchedulerConfiguration";
        content["apiVersion"] = "kubescheduler.config.k8s.io/v1";
        return SchedulerConfiguration.Read(content);
    }
}
