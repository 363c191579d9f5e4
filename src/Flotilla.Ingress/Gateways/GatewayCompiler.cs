using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Gateways.Matching;
using Flotilla.Ingress.Gateways.Statuses;
using Flotilla.Ingress.Proxying;
using Flotilla.Ingress.Routing;

namespace Flotilla.Ingress.Gateways;

/// <summary>
/// From Gateways and their routes to those of the engine, and to what is to be said of them: the nodes take the first, the controller the
/// second, so that both always agree.
/// </summary>
internal static class GatewayCompiler
{
    public static GatewayModel Compile(GatewayInput input, BackendSet backends, IngressOptions options)
    {
        var gateways = input.Ours();
        if (gateways.Count == 0)
        {
            return GatewayModel.Empty;
        }

        var listeners = gateways.SelectMany(gateway => gateway.Spec.Listeners.Select(listener => new ListenerDraft(input, gateway, listener))).ToList();
        FindConflicts(listeners, options);
        var byGateway = listeners.ToLookup(listener => listener.Gateway.Key());
        var known = gateways.Select(gateway => gateway.Key()).ToHashSet();
        List<RouteReport> routes = [];
        var rules = new RuleCompiler(input, backends);
        var order = 0;
        foreach (var route in input.Routes.Where(route => route.Metadata.DeletionTimestamp is null)
            .OrderBy(route => route.Metadata.CreationTimestamp)
            .ThenBy(route => route.Metadata.NamespaceProperty, StringComparer.Ordinal)
            .ThenBy(route => route.Metadata.Name, StringComparer.Ordinal))
        {
            var parents = (route.Common.ParentRefs ?? []).Where(parent => known.Contains(KeyOf(route, parent))).ToList();
            if (parents.Count > 0)
            {
                List<Verdict> problems = [];
                Action<ListenerDraft, string> attach;
                if (route is TlsRoute tls)
                {
                    var passed = rules.Compile(tls, problems);
                    attach = (listener, host) => listener.Attach(route.Key(), host, passed);
                }
                else
                {
                    var compiled = rules.Compile(route, order, problems);
                    order += compiled.Count;
                    attach = (listener, host) => listener.Attach(route.Key(), host, compiled);
                }

                routes.Add(new RouteReport(route, [.. parents.Select(parent => Attach(route, parent, attach, problems, byGateway[KeyOf(route, parent)]))]));
            }
        }

        return new GatewayModel(
            [.. listeners.Where(listener => listener.IsServed).GroupBy(listener => listener.Listener.Port).Select(PortOf)],
            listeners.Where(listener => listener.Secret is not null).Select(listener => listener.Secret!.Value).ToHashSet(),
            [.. gateways.Select(gateway => new GatewayReport(gateway, [.. byGateway[gateway.Key()].Select(listener => listener.Report())]))],
            routes);
    }

    /// <summary>A port has one protocol, that of its first listener; and of one Gateway a name has one listener there.</summary>
    private static void FindConflicts(List<ListenerDraft> listeners, IngressOptions options)
    {
        // Ingresses have their two ports already.
        Dictionary<int, bool> protocols = new() { [options.HttpPort] = false, [options.HttpsPort] = true };
        HashSet<(ObjectKey, int, string)> names = [];
        foreach (var listener in listeners.Where(listener => listener.Accepted.IsTrue))
        {
            var port = options.PortFor(listener.Listener.Port);
            if (protocols.TryGetValue(port, out var tls) && tls != listener.IsTls)
            {
                listener.Conflicted = Verdict.Yes("Conflicted", "ProtocolConflict", $"port {listener.Listener.Port} is used {(tls ? "with" : "without")} TLS already");
            }
            else if (!names.Add((listener.Gateway.Key(), port, (listener.Listener.Hostname ?? "").ToLowerInvariant())))
            {
                listener.Conflicted = Verdict.Yes("Conflicted", "HostnameConflict", "another listener has the same port and hostname");
            }
            else
            {
                protocols[port] = listener.IsTls;
            }
        }
    }

    private static ParentReport Attach(
        GatewayRoute route, ParentReference parent, Action<ListenerDraft, string> attach, List<Verdict> problems, IEnumerable<ListenerDraft> listeners)
    {
        var named = listeners.Where(listener =>
            (parent.SectionName is null || parent.SectionName == listener.Listener.Name) && (parent.Port is null || parent.Port == listener.Listener.Port)).ToList();
        var fit = named.Where(listener => listener.Takes(route)).ToList();
        var allowed = fit.Where(listener => listener.AllowsNamespace(route.Metadata.NamespaceProperty)).ToList();
        var attached = 0;
        foreach (var listener in allowed)
        {
            foreach (var host in HostNames.Intersection(listener.Listener.Hostname, route.Common.Hostnames ?? []))
            {
                attach(listener, host);
                attached++;
            }
        }

        var accepted = named.Count == 0 ? Verdict.No("Accepted", "NoMatchingParent", "the Gateway has no such listener")
            : fit.Count == 0 ? Verdict.No("Accepted", "NotAllowedByListeners", $"no listener takes a {route.RouteKind}")
            : allowed.Count == 0 ? Verdict.No("Accepted", "NotAllowedByListeners", $"no listener lets routes of namespace {route.Metadata.NamespaceProperty} in")
            : attached == 0 ? Verdict.No("Accepted", "NoMatchingListenerHostname", "no listener has a hostname in common with the route")
            : problems.FirstOrDefault(problem => problem.Type == "Accepted") ?? Verdict.Yes("Accepted", "Accepted");
        var resolved = problems.FirstOrDefault(problem => problem.Type == "ResolvedRefs") ?? Verdict.Yes("ResolvedRefs", "ResolvedRefs");
        return new ParentReport(parent, [accepted, resolved]);
    }

    private static GatewayPort PortOf(IGrouping<int, ListenerDraft> listeners)
    {
        var hosts = new Dictionary<string, HostTable<MatchedRoute[]>>(StringComparer.OrdinalIgnoreCase);
        foreach (var same in listeners.Where(listener => !listener.IsPassthrough).GroupBy(listener => listener.Listener.Hostname ?? "", StringComparer.OrdinalIgnoreCase))
        {
            var routes = same.SelectMany(listener => listener.Routes)
                .GroupBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase)
                .ToDictionary(pair => pair.Key, pair => GatewayRouter.Sorted(pair.SelectMany(list => list.Value).Distinct()), StringComparer.OrdinalIgnoreCase);
            hosts.Add(same.Key, new HostTable<MatchedRoute[]>(routes, manyLabels: true));
        }

        var certificates = listeners.Where(listener => listener.Secret is not null)
            .GroupBy(listener => listener.Listener.Hostname ?? "", StringComparer.OrdinalIgnoreCase)
            .ToDictionary(same => same.Key, same => new CertificateReference(same.First().Secret!.Value), StringComparer.OrdinalIgnoreCase);
        return new GatewayPort(
            listeners.Key, new GatewayRouter(new HostTable<HostTable<MatchedRoute[]>>(hosts, manyLabels: true)), listeners.Any(listener => listener is { IsTls: true, IsPassthrough: false }) ? certificates : null)
        {
            Passed = listeners.Any(listener => listener.IsPassthrough) ? PassedOf(listeners) : null,
            IsGrpcAlone = IsGrpcAlone([.. listeners.SelectMany(listener => listener.Routes.Values).SelectMany(routes => routes)]),
        };
    }

    private static Dictionary<string, IReadOnlyList<WeightedBackend>> PassedOf(IEnumerable<ListenerDraft> listeners)
    {
        var passed = new Dictionary<string, IReadOnlyList<WeightedBackend>>(StringComparer.OrdinalIgnoreCase);
        foreach (var (host, backends) in listeners.SelectMany(listener => listener.Passed))
        {
            passed.TryAdd(host, backends);
        }

        return passed;
    }

    private static bool IsGrpcAlone(IReadOnlyList<MatchedRoute> routes) => routes.Count > 0 && routes.All(route => route.Route.Name.Kind == GrpcRoute.Name);

    private static ObjectKey KeyOf(GatewayRoute route, ParentReference parent) =>
        (parent.Group ?? GatewayApi.Group) == GatewayApi.Group && (parent.Kind ?? "Gateway") == "Gateway"
            ? new ObjectKey(parent.Namespace ?? route.Metadata.NamespaceProperty, parent.Name)
            : default;
}
