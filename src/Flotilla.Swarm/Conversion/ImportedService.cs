using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Swarm.Conversion;

/// <summary>A service of another swarm as one of this. Pure.</summary>
public static class ImportedService
{
    /// <param name="service">As the other one shows it.</param>
    /// <param name="networks">The names of the other swarm's networks, by id.</param>
    /// <param name="secrets">The ids that secrets have here, by name; as those of configs.</param>
    /// <param name="missing">Which secret or config it uses that is not here; null: none.</param>
    public static JsonObject SpecFor(JsonObject service, IReadOnlyDictionary<string, string> networks, IReadOnlyDictionary<string, string> secrets, IReadOnlyDictionary<string, string> configs, out string? missing)
    {
        var spec = service.Object("Spec")?.Copy() ?? [];
        var task = spec.Child("TaskTemplate");
        foreach (var attachment in Attachments(spec))
        {
            attachment["Target"] = networks.GetValueOrDefault(attachment.String("Target") ?? "") ?? attachment.String("Target");
        }

        // What the registry said there need not be what nodes here find.
        task.Object("Placement")?.Remove("Platforms");
        missing = Point(task.Object("ContainerSpec").Objects("Secrets"), "Secret", secrets) ?? Point(task.Object("ContainerSpec").Objects("Configs"), "Config", configs);
        return spec;
    }

    /// <summary>The networks that a service is in, as the other swarm says it: ids.</summary>
    public static IEnumerable<string> NetworksOf(JsonObject service) => Attachments(service.Object("Spec") ?? []).Select(attachment => attachment.String("Target") ?? "");

    private static List<JsonObject> Attachments(JsonObject spec) => [.. spec.Object("TaskTemplate").Objects("Networks"), .. spec.Objects("Networks")];

    private static string? Point(IEnumerable<JsonObject> references, string noun, IReadOnlyDictionary<string, string> ids)
    {
        string? missing = null;
        foreach (var reference in references)
        {
            var name = reference.String(noun + "Name") ?? "";
            if (ids.TryGetValue(name, out var id))
            {
                reference[noun + "ID"] = id;
            }
            else
            {
                missing ??= $"{noun.ToLowerInvariant()} {name}";
            }
        }

        return missing;
    }
}
