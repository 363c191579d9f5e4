using System.Globalization;

namespace Flotilla.Bench;

/// <summary>A workload of upstream's scheduler benchmark: so many nodes, pods bound before, and pods measured.</summary>
/// <param name="Pods">The JSON of pod number i, without kind and name, given its phase: before or measured.</param>
/// <param name="Floor">Pods per second upstream asks of itself; 0 where it has no such workload.</param>
internal sealed record ScheduleWorkload(string Name, int Nodes, int Before, int Measured, Func<int, bool, string> Pods, int Floor = 0)
{
    private const string Container = "\"containers\":[{\"name\":\"pause\",\"image\":\"pause\",\"resources\":{\"requests\":{\"cpu\":\"100m\",\"memory\":\"500Mi\"}}}]";

    public static readonly IReadOnlyList<ScheduleWorkload> All =
    [
        new("fill", 1000, 5000, 3000, (_, _) => Plain("")),
        new("basic", 5000, 1000, 10_000, (_, _) => Plain(""), 270),
        new("node-affinity", 5000, 5000, 10_000, (_, _) => Plain(NodeAffinity("zone-1", "zone-2")), 220),
        new("pod-anti-affinity", 5000, 1000, 2000, (_, measured) => Labelled(measured ? "green" : "blue", AntiAffinity("green", required: true)), 60),
        new("pod-affinity", 5000, 5000, 5000, (_, _) => Labelled("blue", Affinity("blue", "topology.kubernetes.io/zone", required: true)), 35),
        new("preferred-affinity", 5000, 5000, 5000, (_, _) => Labelled("red", Affinity("red", "kubernetes.io/hostname", required: false)), 90),
        new("preferred-anti-affinity", 5000, 5000, 5000, (_, _) => Labelled("yellow", AntiAffinity("yellow", required: false)), 90),
        new("spread", 5000, 5000, 5000, (_, measured) => measured ? Labelled("blue", Spread("DoNotSchedule")) : Plain(""), 85),
        new("preferred-spread", 5000, 5000, 5000, (_, measured) => measured ? Labelled("blue", Spread("ScheduleAnyway")) : Plain(""), 125),
    ];

    public string Pod(string name, int i, bool measured) => string.Create(
        CultureInfo.InvariantCulture, $"{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{{\"name\":\"{name}-{i}\"{Pods(i, measured)}}}}}");

    private static string Plain(string more) => $"}},\"spec\":{{{Container}{more}";

    private static string Labelled(string color, string more) => $",\"labels\":{{\"color\":\"{color}\"}}" + Plain(more);

    private static string NodeAffinity(params string[] zones) =>
        ",\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{\"matchExpressions\":"
        + $"[{{\"key\":\"topology.kubernetes.io/zone\",\"operator\":\"In\",\"values\":[{string.Join(',', zones.Select(zone => $"\"{zone}\""))}]}}]}}]}}}}}}";

    private static string Affinity(string color, string key, bool required) => PodTerms("podAffinity", color, key, required);

    private static string AntiAffinity(string color, bool required) => PodTerms("podAntiAffinity", color, "kubernetes.io/hostname", required);

    private static string PodTerms(string kind, string color, string key, bool required)
    {
        var term = $"{{\"labelSelector\":{{\"matchLabels\":{{\"color\":\"{color}\"}}}},\"topologyKey\":\"{key}\"}}";
        return required
            ? $",\"affinity\":{{\"{kind}\":{{\"requiredDuringSchedulingIgnoredDuringExecution\":[{term}]}}}}"
            : $",\"affinity\":{{\"{kind}\":{{\"preferredDuringSchedulingIgnoredDuringExecution\":[{{\"weight\":1,\"podAffinityTerm\":{term}}}]}}}}";
    }

    private static string Spread(string whenUnsatisfiable) =>
        $",\"topologySpreadConstraints\":[{{\"maxSkew\":{(whenUnsatisfiable == "DoNotSchedule" ? 5 : 1)},\"topologyKey\":\"topology.kubernetes.io/zone\","
        + $"\"whenUnsatisfiable\":\"{whenUnsatisfiable}\",\"labelSelector\":{{\"matchLabels\":{{\"color\":\"blue\"}}}}}}]";
}
