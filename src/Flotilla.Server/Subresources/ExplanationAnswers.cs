using Flotilla.Api;
using Flotilla.Client.Explanations;
using Flotilla.Server.Http;

namespace Flotilla.Server.Subresources;

/// <summary><c>GET pods/NAME/why</c>: not upstream's, so no discovery document lists it.</summary>
public sealed class ExplanationAnswers
{
    public const string Name = "why";

    /// <summary>Set by the composition of a process that has a scheduler.</summary>
    public IPodExplainer? Explainer { get; set; }

    public async Task<ApiAnswer> AnswerAsync(ResourcePath path, CancellationToken cancellationToken)
    {
        var explainer = Explainer ?? throw Failures.Unavailable("this server runs no scheduler that could explain");
        return ApiAnswer.Bytes(ObjectJson.Encode(await explainer.ExplainAsync(path.Key, cancellationToken)));
    }
}
