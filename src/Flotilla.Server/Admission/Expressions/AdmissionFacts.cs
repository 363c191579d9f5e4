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
    private readonly EquivalentKinds kinds;
    private readonly JsonObject? space;

    private AdmissionFacts(AdmissionRequest request, Kind matched, AdmissionView view, EquivalentKinds kinds, JsonObject? space)
    {
        this.request = request;
        this.matched = matched;
        this.view = view;
        this.kinds = kinds;
        this.space = space;
    }

    public AdmissionRequest Request => request;

    public Kind Matched => matched;

    public AdmissionView View => view;

    public static async ValueTask<AdmissionFacts> ReadAsync(AdmissionRequest request, Kind matched, MatchContext context, CancellationToken cancellationToken)
    {
        var space = request.Kind == CoreKinds.Namespace ? null : await context.NamespaceOfAsync(request, cancellationToken);
        return new AdmissionFacts(request, matched, await AdmissionView.OfAsync(request, matched, context.Equivalents, cancellationToken), context.Equivalents, space);
    }

    /// <summary>The same request after its object was changed.</summary>
    public async ValueTask<AdmissionFacts> AgainAsync(CancellationToken cancellationToken) =>
        new(request, matched, await AdmissionView.OfAsync(request, matched, kinds, cancellationToken), kinds, space);

    /// <summary>Brings a changed object back into the request. False: nothing changed.</summary>
    public ValueTask<bool> AdoptAsync(JsonObject next, CancellationToken cancellationToken) => view.AdoptAsync(request, matched, next, kinds, cancellationToken);

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
