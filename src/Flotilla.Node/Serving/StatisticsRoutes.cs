using System.Text.Json;
using Flotilla.Client.Metrics;
using Flotilla.Node.Statistics;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Node.Serving;

/// <summary>Statistics as JSON and as metrics.</summary>
internal sealed class StatisticsRoutes(UsageSampler sampler, StatsSummary summary, ResourceSeries resources, ContainerSeries containers, AgentSeries agent, ProbeCounts probes)
{
    public IEnumerable<NodeRoute> All =>
    [
        new("/stats/usage", context => Answers.BytesAsync(context, JsonSerializer.SerializeToUtf8Bytes(UsageReport.Of(sampler.Latest), UsageReportJson.Default.UsageReport), "application/json")),
        new("/stats/summary", SummaryAsync),
        new("/metrics/resource", context => MetricsAsync(context, resources.Write)),
        new("/metrics/cadvisor", context => MetricsAsync(context, containers.Write)),
        new("/metrics/probes", context => MetricsAsync(context, probes.Write)),
        new("/metrics", context => MetricsAsync(context, agent.Write)),
    ];

    private async Task SummaryAsync(HttpContext context)
    {
        var brief = context.Request.Query["only_cpu_and_memory"] == "true";
        await Answers.JsonAsync(context, await summary.ReadAsync(brief, context.RequestAborted));
    }

    private static Task MetricsAsync(HttpContext context, Action<MetricsText> write)
    {
        var text = new MetricsText();
        write(text);
        return Answers.TextAsync(context, text.ToString(), type: Answers.MetricsType);
    }
}
