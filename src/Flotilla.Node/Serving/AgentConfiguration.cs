using System.Text.Json.Nodes;

namespace Flotilla.Node.Serving;

/// <summary>The agent's settings by the names of a KubeletConfiguration.</summary>
internal static class AgentConfiguration
{
    public static JsonObject Of(NodeOptions options) => new()
    {
        ["enableServer"] = true,
        ["port"] = 10250,
        ["address"] = "0.0.0.0",
        ["authentication"] = new JsonObject
        {
            ["x509"] = new JsonObject(),
            ["webhook"] = new JsonObject { ["enabled"] = true },
            ["anonymous"] = new JsonObject { ["enabled"] = false },
        },
        ["authorization"] = new JsonObject { ["mode"] = "Webhook" },
        ["clusterDomain"] = options.ClusterDomain,
        ["clusterDNS"] = new JsonArray([.. options.ClusterDns.Select(address => JsonValue.Create(address))]),
        ["nodeStatusUpdateFrequency"] = Pods.Go.Duration(options.StatusInterval),
        ["nodeStatusReportFrequency"] = "5m0s",
        ["nodeLeaseDurationSeconds"] = (int)options.LeaseDuration.TotalSeconds,
        ["cgroupRoot"] = options.CgroupRoot,
        ["cgroupDriver"] = "cgroupfs",
        ["cgroupsPerQOS"] = true,
        ["maxPods"] = options.MaxPods,
        ["podPidsLimit"] = -1,
        ["resolvConf"] = options.ResolvConf,
        ["containerLogMaxSize"] = $"{options.MaxLogBytes >> 20}Mi",
        ["containerRuntimeEndpoint"] = "unix://" + options.RuntimeSocket,
        ["staticPodPath"] = options.ManifestDirectory,
    };
}
