using System.Globalization;
using Flotilla.Api;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Gateways.Filters;
using Flotilla.Ingress.Gateways.Matching;
using Flotilla.Ingress.Gateways.Statuses;
using Flotilla.Ingress.Ingresses;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Routing;

namespace Flotilla.Ingress.Gateways;

/// <summary>The rules of routes as the engine knows them: those of HTTP and gRPC as routes, those of TLS as backends.</summary>
internal sealed class RuleCompiler(GatewayInput input, BackendSet backends)
{
    private const int NobodyToAsk = 500;

    // Which clients of gRPC read as UNAVAILABLE.
    private const int NobodyToCall = 503;

    // Streams of a Gateway may be silent for long: only timeouts of the rule end them.
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(10);

    /// <param name="first">The order of the first match.</param>
    /// <param name="problems">Gets what is wrong with backends and filters.</param>
    public IReadOnlyList<MatchedRoute> Compile(GatewayRoute route, int first, List<Verdict> problems)
    {
        List<MatchedRoute> compiled = [];
        foreach (var rule in RulesOf(route))
        {
            foreach (var match in rule.Matches is { Count: > 0 } given ? given : [new HttpMatch()])
            {
                try
                {
                    var wanted = new RequestMatch(match);
                    compiled.Add(new MatchedRoute(wanted, RouteFor(route, rule, wanted, problems), first + compiled.Count));
                }
                catch (FormatException wrong)
                {
                    problems.Add(Verdict.No("Accepted", "UnsupportedValue", wrong.Message));
                }
            }
        }

        return compiled;
    }

    /// <summary>A connection has no more than its name to choose by: the first rule has it.</summary>
    public IReadOnlyList<WeightedBackend> Compile(TlsRoute route, List<Verdict> problems) =>
        [.. (route.Spec.Rules?.FirstOrDefault()?.BackendRefs ?? []).Select(reference => new WeightedBackend(Resolve(route, reference, problems), reference.Weight ?? 1))];

    private static IEnumerable<HttpRouteRule> RulesOf(GatewayRoute route) => route switch
    {
        HttpRoute http => http.Spec.Rules ?? [new HttpRouteRule()],
        GrpcRoute grpc => GrpcRules.AsHttp(grpc),
        _ => [],
    };

    private Route RouteFor(GatewayRoute route, HttpRouteRule rule, RequestMatch match, List<Verdict> problems)
    {
        var prefix = match.Kind == PathKind.Prefix ? match.Path : null;
        var (steps, changes) = Filters(route, rule.Filters, prefix, problems);
        var space = route.Metadata.NamespaceProperty;
        return new Route
        {
            Name = new RouteName(route.RouteKind, space, route.Metadata.Name, route.Common.Hostnames?.FirstOrDefault() ?? "", match.Path),
            Steps = steps,
            Changes = changes,
            Backends = [.. (rule.BackendRefs ?? []).Select(reference => BackendFor(route, reference, prefix, problems))],
            CodeWithoutBackend = route is GrpcRoute ? NobodyToCall : NobodyToAsk,
            Timeout = Shorter(Durations.Parse(rule.Timeouts?.Request), Durations.Parse(rule.Timeouts?.BackendRequest)),
            Forwarding = Route.HttpForwarding with { ActivityTimeout = Silence },
        };
    }

    private WeightedBackend BackendFor(GatewayRoute route, HttpBackendReference reference, string? prefix, List<Verdict> problems)
    {
        var (_, changes) = Filters(route, reference.Filters, prefix, problems);
        return new WeightedBackend(Resolve(route, reference, problems), reference.Weight ?? 1, changes.Count > 0 ? changes : null);
    }

    /// <summary>null, and a problem: it is not there, or not allowed.</summary>
    private Backend? Resolve(GatewayRoute route, BackendReference reference, List<Verdict> problems)
    {
        var key = new ObjectKey(reference.Namespace ?? route.Metadata.NamespaceProperty, reference.Name);
        if ((reference.Group ?? "") != "" || (reference.Kind ?? "Service") != "Service")
        {
            problems.Add(Verdict.No("ResolvedRefs", "InvalidKind", $"backend {reference.Kind} {reference.Name}: only Services are supported"));
            return null;
        }

        if (!input.Allows(route.RouteKind, route.Metadata.NamespaceProperty, "", "Service", key))
        {
            problems.Add(Verdict.No("ResolvedRefs", "RefNotPermitted", $"no ReferenceGrant in {key.Namespace} lets {(route is HttpRoute ? "an" : "a")} {route.RouteKind} of {route.Metadata.NamespaceProperty} use Service {key.Name}"));
            return null;
        }

        var port = reference.Port?.ToString(CultureInfo.InvariantCulture) ?? "";
        if (input.Services(key) is not { } service)
        {
            problems.Add(Verdict.No("ResolvedRefs", "BackendNotFound", $"Service {key} does not exist"));
            return null;
        }

        if (ServiceEndpoints.PortOf(service, port) is not { } found)
        {
            problems.Add(Verdict.No("ResolvedRefs", "BackendNotFound", $"Service {key} has no port {port}"));
            return null;
        }

        if (route is TlsRoute && service.Spec.Type == "ExternalName")
        {
            problems.Add(Verdict.No("ResolvedRefs", "InvalidKind", $"Service {key} is of type ExternalName: connections are passed to pods only"));
            return null;
        }

        return backends.Of(new BackendKey(key.Namespace!, key.Name, port, ProtocolOf(route, found)));
    }

    private static BackendProtocol ProtocolOf(GatewayRoute route, k8s.Models.V1ServicePort port) => (route, IngressCompiler.ProtocolOf(port)) switch
    {
        (GrpcRoute, BackendProtocol.Https) => BackendProtocol.Grpcs,
        (GrpcRoute, BackendProtocol.Http) => BackendProtocol.Grpc,
        (_, var told) => told,
    };

    private (List<IRouteStep> Steps, List<IMessageChange> Changes) Filters(GatewayRoute route, IList<HttpFilter>? filters, string? prefix, List<Verdict> problems)
    {
        List<IRouteStep> steps = [];
        List<IMessageChange> changes = [];
        foreach (var filter in filters ?? [])
        {
            switch (filter)
            {
                case { Type: "RequestHeaderModifier", RequestHeaderModifier: { } modifier }:
                    changes.Add(Change(modifier, ofRequest: true));
                    break;
                case { Type: "ResponseHeaderModifier", ResponseHeaderModifier: { } modifier }:
                    changes.Add(Change(modifier, ofRequest: false));
                    break;
                case { Type: "RequestRedirect", RequestRedirect: { } redirect }:
                    steps.Add(new RequestRedirect(redirect, prefix));
                    break;
                case { Type: "URLRewrite", UrlRewrite: { } rewrite }:
                    Rewrite(rewrite, prefix, steps, changes);
                    break;
                case { Type: "RequestMirror", RequestMirror: { } mirror } when route is HttpRoute:
                    if (Resolve(route, mirror.BackendRef, problems) is { } backend)
                    {
                        steps.Add(new Mirror(backend, mirror.Percent ?? 100));
                    }

                    break;
                default:
                    problems.Add(Verdict.No("Accepted", "UnsupportedValue", $"filter {filter.Type} is not supported{(route is HttpRoute ? "" : $" in a {route.RouteKind}")}"));
                    steps.Add(new Closed(NobodyToAsk));
                    break;
            }
        }

        return (steps, changes);
    }

    private static void Rewrite(UrlRewrite rewrite, string? prefix, List<IRouteStep> steps, List<IMessageChange> changes)
    {
        if (rewrite.Path is { } path)
        {
            steps.Insert(0, new PathReplacement(path, prefix));
        }

        if (rewrite.Hostname is { } host)
        {
            changes.Add(new UpstreamHost(host));
        }
    }

    private static HeaderChange Change(HeaderModifier modifier, bool ofRequest) =>
        new(ofRequest, Headers(modifier.Set), Headers(modifier.Add), [.. modifier.Remove ?? []]);

    private static List<Header> Headers(IList<NamedValue>? values) => [.. (values ?? []).Select(value => new Header(value.Name, value.Value ?? ""))];

    private static TimeSpan? Shorter(TimeSpan? one, TimeSpan? other) => one is null || other is null ? one ?? other : one < other ? one : other;
}
