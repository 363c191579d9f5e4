using System.Text.RegularExpressions;
using Flotilla.Ingress.Gateways.Api;

namespace Flotilla.Ingress.Gateways.Matching;

/// <summary>The rules of a GRPCRoute as those of HTTP, which gRPC is: a call is a POST to <c>/service/method</c>. Pure.</summary>
internal static class GrpcRules
{
    private const string Pattern = "RegularExpression";
    private const string AnyPart = "[^/]+";

    public static IReadOnlyList<HttpRouteRule> AsHttp(GrpcRoute route) => [.. (route.Spec.Rules ?? [new GrpcRouteRule()]).Select(rule => new HttpRouteRule
    {
        Matches = [.. (rule.Matches is { Count: > 0 } given ? given : [new GrpcMatch()]).Select(AsHttp)],
        Filters = rule.Filters,
        BackendRefs = rule.BackendRefs,
    })];

    private static HttpMatch AsHttp(GrpcMatch match) => new() { Path = match.Method is null ? null : PathOf(match.Method), Headers = match.Headers, Method = "POST" };

    private static NamedValue PathOf(GrpcMethod wanted) => (wanted.Type, wanted.Service, wanted.Method) switch
    {
        (Pattern, var service, var method) => new NamedValue { Type = Pattern, Value = $"/(?:{service ?? AnyPart})/(?:{method ?? AnyPart})" },
        (_, { } service, { } method) => new NamedValue { Type = "Exact", Value = $"/{service}/{method}" },
        (_, { } service, null) => new NamedValue { Type = "PathPrefix", Value = $"/{service}" },
        (_, null, { } method) => new NamedValue { Type = Pattern, Value = $"/{AnyPart}/{Regex.Escape(method)}" },
        _ => new NamedValue { Type = "PathPrefix", Value = "/" },
    };
}
