using System.Text.Json.Serialization;
using Flotilla.Api;

namespace Flotilla.Client.Explanations;

/// <summary>Says why a pod does not run. Answered at <c>/api/v1/namespaces/NAMESPACE/pods/NAME/why</c>.</summary>
public interface IPodExplainer
{
    /// <exception cref="ApiException">404: there is no such pod.</exception>
    Task<PodExplanation> ExplainAsync(ObjectKey pod, CancellationToken cancellationToken);
}

/// <param name="Phase">The pod's <c>status.phase</c>.</param>
/// <param name="Node">Where it is bound; null when it has no node.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Nodes">For a pod without a node: every node, and what keeps the pod off it.</param>
/// <param name="Causes">For a pod with a node: what keeps it from running there.</param>
public sealed record PodExplanation(
    [property: JsonPropertyName("namespace")] string Namespace,
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("phase")] string Phase,
    [property: JsonPropertyName("node")] string? Node,
    [property: JsonPropertyName("summary")] string Summary,
    [property: JsonPropertyName("nodes")] IReadOnlyList<NodeExplanation> Nodes,
    [property: JsonPropertyName("causes")] IReadOnlyList<CauseExplanation> Causes)
{
    [JsonPropertyName("apiVersion")]
    public string ApiVersion => "flotilla.io/v1";

    [JsonPropertyName("kind")]
    public string Kind => "PodExplanation";
}

/// <param name="Plugin">The plugin of the scheduler that rejected the node; null when the pod fits.</param>
/// <param name="Reasons">In the scheduler's words, as events have them.</param>
/// <param name="Remedy">What would make it fit; null when nobody can say.</param>
public sealed record NodeExplanation(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("fits")] bool Fits,
    [property: JsonPropertyName("plugin")] string? Plugin,
    [property: JsonPropertyName("reasons")] IReadOnlyList<string> Reasons,
    [property: JsonPropertyName("remedy")] string? Remedy);

/// <param name="What">The part of the pod, e.g. <c>container web</c> or <c>volume</c>.</param>
public sealed record CauseExplanation(
    [property: JsonPropertyName("what")] string What,
    [property: JsonPropertyName("reason")] string Reason,
    [property: JsonPropertyName("message")] string Message);
