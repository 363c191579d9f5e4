using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Cel;
using Flotilla.Server.Admission.Matching;
using Flotilla.Server.Admission.Webhooks;

namespace Flotilla.Server.Admission.Expressions;

/// <summary>A request as expressions see it, in the version it matched.</summary>
internal sealed class AdmissionFacts
{
    private readonly AdmissionRequest request;
    private readonly Kind matched;
    private readonly AdmissionView view;
    private readonly JsonObject? space;

    private AdmissionFacts(AdmissionRequest request, Kind matched, JsonObject? space)
    {
        this.request = request;
        this.matched = matched;
        this.space = space;
        view = AdmissionView.Of(request, matched);
    }

    public AdmissionRequest Request => request;

    public Kind Matched => matched;

    public AdmissionView View => view;

    public static async ValueTask<AdmissionFacts> ReadAsync(AdmissionRequest request, Kind matched, MatchContext context, CancellationToken cancellationToken) =>
        new(request, matched, request.Kind == CoreKinds.Namespace ? null : await context.NamespaceOfAsync(request, cancellationToken));

    /// <summary>The same request after its object was changed.</summary>
    public AdmissionFacts Again() => new(request, matched, space);

    public CelBindings Bind(ICelAuthorizer authorizer) => new CelBindings()
        .Set("object", () => CelJson.Value(view.Object))
        .Set("oldObject", () => CelJson.Value(view.Old))
        .Set("request", () => CelJson.Value(ReviewRequest.Facts(request, matched)))
        .Set("namespaceObject", () => CelJson.Value(space))
        .Set("authorizer", () => CelAuthorizer.Value(authorizer))
        .Set("authorizer.requestResource", () => CelAuthorizer.ResourceValue(authorizer, Resource()));

    private CelAuthorizationQuery Resource() => new()
    {
        Group = request.Kind.Group,
        Resource = request.Kind.Plural,
        Subresource = request.Subresource,
        Namespace = request.Kind == CoreKinds.Namespace ? request.Name : request.Namespace,
        Name = request.Name,
    };
}
