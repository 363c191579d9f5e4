using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Admission.Expressions;
using Flotilla.Server.Admission.Matching;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>One webhook of a configuration, ready to be matched and called.</summary>
internal sealed record Webhook
{
    public required string Name { get; init; }

    /// <summary>Unique among all webhooks of its sort.</summary>
    public required string Id { get; init; }

    public required MatchConstraints Match { get; init; }

    public required MatchConditions Conditions { get; init; }

    public required WebhookTarget Target { get; init; }

    /// <summary>Of the AdmissionReview: the first of <c>admissionReviewVersions</c> that is spoken here.</summary>
    public required string ReviewVersion { get; init; }

    public required TimeSpan Timeout { get; init; }

    /// <summary>A webhook that cannot be reached lets the request through.</summary>
    public bool IgnoresFailures { get; init; }

    public bool HasSideEffects { get; init; }

    public bool IsReinvoked { get; init; }

    public static IReadOnlyList<Webhook> AllOf(JsonObject configuration)
    {
        var owner = configuration.Object("metadata").String("name");
        return [.. configuration.Objects("webhooks").Select((hook, at) => From(hook, $"{owner}/{hook.String("name")}/{at}"))];
    }

    private static Webhook From(JsonObject hook, string id) => new()
    {
        Name = hook.String("name") ?? "",
        Id = id,
        Match = MatchConstraints.From(hook, "rules"),
        Conditions = new MatchConditions(AdmissionEnvironment.Plain, hook),
        Target = WebhookTarget.From(hook.Object("clientConfig") ?? []),
        ReviewVersion = hook.Array("admissionReviewVersions")?.Select(node => node.AsString()).FirstOrDefault(version => version is "v1" or "v1beta1") ?? "v1",
        Timeout = TimeSpan.FromSeconds(hook.Integer("timeoutSeconds") ?? 10),
        IgnoresFailures = hook.String("failurePolicy") == "Ignore",
        HasSideEffects = hook.String("sideEffects") is not ("None" or "NoneOnDryRun"),
        IsReinvoked = hook.String("reinvocationPolicy") == "IfNeeded",
    };
}
