using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Objects;

/// <summary>The body and query of a DELETE.</summary>
public sealed record DeleteRequest
{
    public long? GracePeriodSeconds { get; init; }

    public string? PropagationPolicy { get; init; }

    public bool? OrphanDependents { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public bool DryRun { get; init; }

    public static DeleteRequest From(JsonObject? body) => new()
    {
        GracePeriodSeconds = body.Integer("gracePeriodSeconds"),
        PropagationPolicy = body.String("propagationPolicy"),
        OrphanDependents = body.Boolean("orphanDependents"),
        Uid = body.Object("preconditions").String("uid"),
        ResourceVersion = body.Object("preconditions").String("resourceVersion"),
        DryRun = body.Array("dryRun") is { Count: > 0 },
    };
}
