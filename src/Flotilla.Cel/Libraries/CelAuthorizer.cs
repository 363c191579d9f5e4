using Flotilla.Cel.Libraries;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel;

/// <summary>The values of the variables <c>authorizer</c> and <c>authorizer.requestResource</c>.</summary>
public static class CelAuthorizer
{
    /// <summary>The type to declare <c>authorizer</c> with.</summary>
    public static readonly CelType AuthorizerType = Named("Authorizer");

    /// <summary>The type to declare <c>authorizer.requestResource</c> with.</summary>
    public static readonly CelType ResourceCheckType = Named("ResourceCheck");

    public static CelValue Value(ICelAuthorizer authorizer) =>
        new AuthorizerLibrary.CheckValue(AuthorizerType, authorizer, new CelAuthorizationQuery());

    /// <summary>A check that already names the resource of the request.</summary>
    public static CelValue ResourceValue(ICelAuthorizer authorizer, CelAuthorizationQuery resource) =>
        new AuthorizerLibrary.CheckValue(ResourceCheckType, authorizer, resource);

    internal static CelType Named(string name) => CelType.Object($"kubernetes.authorization.{name}", static _ => null);
}
