using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>The devices that a driver offers, of one pool, to one node or to many.</summary>
internal static class SliceRules
{
    private static readonly string[] Places = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"];

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var (spec, names) = (item.Object("spec"), new HashSet<string>(StringComparer.Ordinal));
        var errors = StorageSourceRules.DriverName(spec.String("driver"), "spec.driver").Concat(CheckPool(spec.Object("pool"), "spec.pool")).Concat(CheckPlace(spec))
            .Concat(FieldRules.Each(spec, "devices", "spec", (device, at) => FieldRules.RequiredName(device, "name", at, Names.CheckLabel)
                .Concat(device.String("name") is { Length: > 0 } name && !names.Add(name) ? [FieldError.Duplicate($"{at}.name", name)] : [])));
        return old is null ? errors
            : errors.Concat(FieldRules.Unchanged(spec?["driver"], old.Object("spec")?["driver"], "spec.driver"))
                .Concat(FieldRules.Unchanged(spec.Object("pool")?["name"], old.Object("spec").Object("pool")?["name"], "spec.pool.name"))
                .Concat(FieldRules.Unchanged(spec?["nodeName"], old.Object("spec")?["nodeName"], "spec.nodeName"));
    }

    private static IEnumerable<FieldError> CheckPool(JsonObject? pool, string path)
    {
        if (pool.String("name") is not { Length: > 0 } name)
        {
            return [FieldError.Required($"{path}.name")];
        }

        return name.Split('/').SelectMany(part => FieldRules.Text(part, $"{path}.name", Names.CheckSubdomain))
            .Concat(pool.Integer("resourceSliceCount") is > 0 ? [] : [FieldError.Invalid($"{path}.resourceSliceCount", pool.Integer("resourceSliceCount") ?? 0, "must be greater than zero")])
            .Concat(FieldRules.NonNegative(pool, "generation", path));
    }

    private static IEnumerable<FieldError> CheckPlace(JsonObject? spec)
    {
        var choices = string.Join(", ", Places.Select(place => $"`{place}`"));
        var given = Places.Where(place => spec.Object(place) is not null || spec.Boolean(place) == true || spec.String(place) is { Length: > 0 }).ToList();
        return given.Count switch
        {
            0 => [FieldError.Required("spec", $"exactly one of {choices} is required")],
            1 => FieldRules.Named(spec, "nodeName", "spec", Names.CheckSubdomain),
            _ => [FieldError.Invalid("spec", $"{{{string.Join(", ", given.Select(place => $"`{place}`"))}}}", $"exactly one of {choices} is required, but multiple fields are set")],
        };
    }
}
