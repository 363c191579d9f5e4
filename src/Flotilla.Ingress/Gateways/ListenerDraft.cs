using Flotilla.Api;
using Flotilla.Api.Selectors;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Gateways.Matching;
using Flotilla.Ingress.Gateways.Statuses;
using Flotilla.Ingress.Ingresses;
using Flotilla.Ingress.Routing;
using k8s.Models;

namespace Flotilla.Ingress.Gateways;

/// <summary>One listener while routes are attached to it, and what is to be said of it.</summary>
internal sealed class ListenerDraft
{
    private readonly GatewayInput input;

    public ListenerDraft(GatewayInput input, Gateway gateway, GatewayListener listener)
    {
        this.input = input;
        (Gateway, Listener) = (gateway, listener);
        string[] served = IsPassthrough ? [TlsRoute.Name] : [HttpRoute.Name, GrpcRoute.Name];
        var kinds = listener.AllowedRoutes?.Kinds is { Count: > 0 } given ? given : [.. served.Select(kind => new RouteGroupKind { Group = GatewayApi.Group, Kind = kind })];
        Kinds = [.. kinds.Where(kind => (kind.Group ?? GatewayApi.Group) == GatewayApi.Group && served.Contains(kind.Kind)).Select(kind => kind with { Group = GatewayApi.Group })];
        Accepted = listener.Protocol is not ("HTTP" or "HTTPS" or "TLS") ? Verdict.No("Accepted", "UnsupportedProtocol", $"protocol {listener.Protocol} is not supported, only HTTP, HTTPS and TLS are")
            : listener is { Protocol: "HTTPS", Tls.Mode: "Passthrough" } ? Verdict.No("Accepted", "UnsupportedProtocol", "protocol HTTPS is only supported with mode Terminate")
            : IsPassthrough && listener.Tls?.Mode != "Passthrough" ? Verdict.No("Accepted", "UnsupportedProtocol", "protocol TLS is only supported with mode Passthrough")
            : Verdict.Yes("Accepted", "Accepted");
        Resolved = kinds.Count > Kinds.Count ? Verdict.No("ResolvedRefs", "InvalidRouteKinds", $"only {string.Join(" and ", served)} {(served.Length == 1 ? "is" : "are")} supported")
            : IsTls && !IsPassthrough && Accepted.IsTrue ? Certificate()
            : Verdict.Yes("ResolvedRefs", "ResolvedRefs");
    }

    public Gateway Gateway { get; }

    public GatewayListener Listener { get; }

    public bool IsTls => Listener.Protocol is "HTTPS" or "TLS";

    /// <summary>Connections go to the backends as they are.</summary>
    public bool IsPassthrough => Listener.Protocol == "TLS";

    public IReadOnlyList<RouteGroupKind> Kinds { get; }

    public Verdict Accepted { get; set; }

    public Verdict Conflicted { get; set; } = Verdict.No("Conflicted", "NoConflicts", "");

    public Verdict Resolved { get; private set; }

    public ObjectKey? Secret { get; private set; }

    public HashSet<ObjectKey> Attached { get; } = [];

    /// <summary>By the host names that listener and route have in common.</summary>
    public Dictionary<string, List<MatchedRoute>> Routes { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The same of TLSRoutes; of two for one name the first counts.</summary>
    public Dictionary<string, IReadOnlyList<WeightedBackend>> Passed { get; } = new(StringComparer.OrdinalIgnoreCase);

    public bool IsServed => Accepted.IsTrue && !Conflicted.IsTrue && (!IsTls || IsPassthrough || Secret is not null);

    public bool Takes(GatewayRoute route) => Kinds.Any(kind => kind.Kind == route.RouteKind);

    /// <summary>Whether a route of that namespace may attach itself.</summary>
    public bool AllowsNamespace(string space) => (Listener.AllowedRoutes?.Namespaces?.From ?? "Same") switch
    {
        "All" => true,
        "Selector" => input.Namespaces(space) is { } found
            && LabelSelector.From(Listener.AllowedRoutes?.Namespaces?.Selector)?.Matches((IEnumerable<KeyValuePair<string, string>>?)found.Metadata.Labels) == true,
        "None" => false,
        _ => space == Gateway.Metadata.NamespaceProperty,
    };

    public void Attach(ObjectKey route, string host, IEnumerable<MatchedRoute> routes)
    {
        Attached.Add(route);
        if (!Routes.TryGetValue(host, out var list))
        {
            Routes.Add(host, list = []);
        }

        list.AddRange(routes);
    }

    public void Attach(ObjectKey route, string host, IReadOnlyList<WeightedBackend> backends)
    {
        Attached.Add(route);
        Passed.TryAdd(host, backends);
    }

    public ListenerReport Report() =>
        new(Listener.Name, Listener.Port, IsServed, Attached.Count, Kinds, [Accepted, Resolved, Conflicted]);

    /// <summary>The first certificate is served; all of them must be there.</summary>
    private Verdict Certificate()
    {
        var references = Listener.Tls?.CertificateRefs ?? [];
        if (references.Count == 0)
        {
            return Verdict.No("ResolvedRefs", "InvalidCertificateRef", "certificateRefs is empty");
        }

        foreach (var reference in references)
        {
            var key = new ObjectKey(reference.Namespace ?? Gateway.Metadata.NamespaceProperty, reference.Name);
            if ((reference.Group ?? "") != "" || (reference.Kind ?? "Secret") != "Secret")
            {
                return Verdict.No("ResolvedRefs", "InvalidCertificateRef", $"{reference.Kind} {reference.Name} is not a Secret");
            }

            if (!input.Allows("Gateway", Gateway.Metadata.NamespaceProperty, "", "Secret", key))
            {
                return Verdict.No("ResolvedRefs", "RefNotPermitted", $"no ReferenceGrant in {key.Namespace} lets a Gateway of {Gateway.Metadata.NamespaceProperty} use Secret {key.Name}");
            }

            // Nodes learn the Secret's name here even when it is still to come.
            Secret ??= key;
            if (SecretProblems.CertificateProblem(key, input.Secrets) is { } problem)
            {
                return Verdict.No("ResolvedRefs", "InvalidCertificateRef", problem);
            }
        }

        return Verdict.Yes("ResolvedRefs", "ResolvedRefs");
    }
}
