namespace Flotilla.Server.Aggregation;

/// <summary>How the built-in groups rank among each other and before those that are added; upstream's numbers.</summary>
internal static class GroupPriority
{
    public const int OfDefinitions = 1000;
    public const int OfDefinedVersions = 100;

    private static readonly Dictionary<string, int> Groups = new(StringComparer.Ordinal)
    {
        [""] = 18000, ["apps"] = 17800, ["events.k8s.io"] = 17750, ["authentication.k8s.io"] = 17700, ["authorization.k8s.io"] = 17600,
        ["autoscaling"] = 17500, ["batch"] = 17400, ["certificates.k8s.io"] = 17300, ["networking.k8s.io"] = 17200, ["policy"] = 17100,
        ["rbac.authorization.k8s.io"] = 17000, ["storage.k8s.io"] = 16800, ["admissionregistration.k8s.io"] = 16700, ["apiextensions.k8s.io"] = 16700,
        ["scheduling.k8s.io"] = 16600, ["coordination.k8s.io"] = 16500, ["node.k8s.io"] = 16300, ["discovery.k8s.io"] = 16200, ["resource.k8s.io"] = 16200,
        ["flowcontrol.apiserver.k8s.io"] = 16100, ["metrics.k8s.io"] = 100,
    };

    /// <summary>Null: the group has no APIService of its own.</summary>
    public static int? Of(string group) => Groups.TryGetValue(group, out var priority) ? priority : null;

    public static int OfVersion(string group, string version) => (group, version) switch
    {
        ("", _) => 1,
        ("autoscaling", "v2") => 30,
        ("metrics.k8s.io", _) => 100,
        ("flowcontrol.apiserver.k8s.io" or "resource.k8s.io", _) => 21,
        _ => 15,
    };
}
