using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>
/// What holds where a namespace's labels say nothing, and whom the standards do not concern
/// (<c>PodSecurityConfiguration</c> of pod-security.admission.config.k8s.io/v1).
/// </summary>
internal sealed record PodSecuritySettings(SecurityPolicy Defaults, IReadOnlySet<string> Users, IReadOnlySet<string> RuntimeClasses, IReadOnlySet<string> Namespaces)
{
    private static readonly string[] Modes = ["enforce", "audit", "warn"];
    private static readonly string[] Known = [.. Modes, .. Modes.Select(mode => mode + "-version")];

    public static readonly PodSecuritySettings None = new(SecurityPolicy.From(null).Policy, Set(null), Set(null), Set(null));

    /// <summary>Reads a configuration; what is wrong with it is added to <paramref name="problems"/>.</summary>
    public static PodSecuritySettings Read(JsonObject configuration, List<string> problems)
    {
        if (configuration.String("kind") != "PodSecurityConfiguration" || configuration.String("apiVersion") != "pod-security.admission.config.k8s.io/v1")
        {
            problems.Add("the configuration of PodSecurity must be of kind PodSecurityConfiguration, pod-security.admission.config.k8s.io/v1");
        }

        var (defaults, exemptions) = (configuration.Object("defaults"), configuration.Object("exemptions"));
        problems.AddRange((defaults ?? []).Select(pair => pair.Key).Except(Known).Select(name => $"defaults.{name} is unknown; there are {string.Join(", ", Known)}"));
        var (policy, errors) = SecurityPolicy.From(new JsonObject((defaults ?? []).Select(pair => KeyValuePair.Create(SecurityPolicy.Prefix + pair.Key, pair.Value?.DeepClone()))), impliesWarnings: false);
        problems.AddRange(errors.Select(error => error.ToString().Replace($"metadata.labels[{SecurityPolicy.Prefix}", "defaults.", StringComparison.Ordinal).Replace("]:", ":", StringComparison.Ordinal)));
        return new PodSecuritySettings(policy, Set(exemptions.Array("usernames")), Set(exemptions.Array("runtimeClasses")), Set(exemptions.Array("namespaces")));
    }

    private static HashSet<string> Set(JsonArray? list) => (list ?? []).Select(node => node.AsString() ?? "").ToHashSet(StringComparer.Ordinal);
}
