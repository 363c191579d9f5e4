using System.Globalization;
using System.Runtime.CompilerServices;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Proxying;
using Flotilla.Ingress.Routing;
using k8s.Models;

namespace Flotilla.Ingress.Ingresses;

/// <summary>
/// From Ingresses to routes. The older Ingress wins where two have the same host and path; what is wrong with one is told
/// and leaves the others alone.
/// </summary>
internal sealed class IngressCompiler(BackendSet backends, int httpsPort)
{
    // By object: a changed Ingress is another one, and a forgotten one takes its settings along.
    private readonly ConditionalWeakTable<V1Ingress, IngressSettings> settings = [];

    public IngressModel Compile(IEnumerable<V1Ingress> all, IEnumerable<V1IngressClass> classes, Func<ObjectKey, V1Service?> services)
    {
        var ours = IngressClasses.Ours(all, classes);
        var certificates = CertificatesOf(ours);
        var tlsHosts = new HostTable<CertificateReference>(certificates, manyLabels: false);
        var work = new Work(services);
        foreach (var ingress in ours)
        {
            AddRules(work, ingress, SettingsOf(ingress), tlsHosts);
        }

        foreach (var ingress in ours.Where(ingress => SettingsOf(ingress).Canary is not null))
        {
            AddCanaries(work, ingress, SettingsOf(ingress));
        }

        var secrets = certificates.Values.Select(reference => reference.Secret).Concat(ours.SelectMany(ingress => SettingsOf(ingress).Secrets)).ToHashSet();
        return new IngressModel(ours, work.Router(), certificates, secrets, work.Problems);
    }

    private IngressSettings SettingsOf(V1Ingress ingress) => settings.GetValue(ingress, IngressSettings.For);

    private static Dictionary<string, CertificateReference> CertificatesOf(IReadOnlyList<V1Ingress> ingresses)
    {
        var certificates = new Dictionary<string, CertificateReference>(StringComparer.OrdinalIgnoreCase);
        foreach (var ingress in ingresses)
        {
            foreach (var tls in ingress.Spec.Tls ?? [])
            {
                // Without a Secret it is TLS all the same, with the default certificate.
                var reference = new CertificateReference(new ObjectKey(ingress.Metadata.NamespaceProperty, tls.SecretName ?? ""));
                var hosts = tls.Hosts is { Count: > 0 } ? tls.Hosts : [.. (ingress.Spec.Rules ?? []).Select(rule => rule.Host ?? "").DefaultIfEmpty("")];
                foreach (var host in hosts)
                {
                    certificates.TryAdd(host, reference);
                }
            }
        }

        return certificates;
    }

    private void AddRules(Work work, V1Ingress ingress, IngressSettings asked, HostTable<CertificateReference> tls)
    {
        work.Tell(ingress, asked.Problems);
        if (asked.Canary is not null)
        {
            return;
        }

        foreach (var rule in ingress.Spec.Rules ?? [])
        {
            foreach (var host in (IEnumerable<string>)[rule.Host ?? "", .. asked.Aliases])
            {
                foreach (var path in rule.Http?.Paths ?? [])
                {
                    if (KindOf(work, ingress, asked, path) is { } kind)
                    {
                        work.Add(host, kind, PathOf(path), RouteFor(work, ingress, asked, host, path.Path ?? "/", kind, path.Backend, tls));
                    }
                }

                var fallback = ingress.Spec.DefaultBackend is { } backend ? RouteFor(work, ingress, asked, host, "/", PathKind.Prefix, backend, tls) : null;
                work.Ensure(host, fallback);
            }
        }

        if (ingress.Spec.DefaultBackend is { } general && ingress.Spec.Rules is not { Count: > 0 })
        {
            work.Otherwise ??= RouteFor(work, ingress, asked, "", "/", PathKind.Prefix, general, tls);
        }
    }

    private Draft RouteFor(
        Work work, V1Ingress ingress, IngressSettings asked, string host, string path, PathKind kind, V1IngressBackend backend, HostTable<CertificateReference> tls)
    {
        List<IRouteStep> steps = [];
        if (asked.ForceTls || (asked.RedirectToTls && tls.Find(host) is not null))
        {
            steps.Add(new HttpsRedirect(httpsPort));
        }

        steps.AddRange(asked.Redirects);
        steps.AddRange(asked.Steps);
        if (asked.Authentication is { } authentication)
        {
            steps.Add(asked.AuthenticationService is { } service ? authentication with { Backend = backends.Of(service) } : authentication);
        }

        if (asked.RewriteTarget is { } target)
        {
            steps.Add(new PathRewrite(kind == PathKind.Pattern ? PathPattern.Compile(path) : PathPattern.Compile(".*"), target));
        }

        var key = work.KeyFor(ingress, backend, asked);
        return new Draft(new Route
        {
            Name = new RouteName("Ingress", ingress.Metadata.NamespaceProperty, ingress.Metadata.Name, host, path),
            Steps = steps,
            Changes = asked.Changes,
            Backends = key is null ? [] : [new WeightedBackend(backends.Of(key))],
            Affinity = asked.Affinity,
            Forwarding = asked.Forwarding,
            ConnectTimeout = asked.ConnectTimeout,
            Tries = asked.Tries,
            MaxBodyBytes = asked.MaxBodyBytes,
        });
    }

    private void AddCanaries(Work work, V1Ingress ingress, IngressSettings asked)
    {
        foreach (var rule in ingress.Spec.Rules ?? [])
        {
            foreach (var path in rule.Http?.Paths ?? [])
            {
                var key = work.KeyFor(ingress, path.Backend, asked);
                if (work.Find(rule.Host ?? "", PathOf(path)) is not { } main)
                {
                    work.Tell(ingress, [$"there is no Ingress with host \"{rule.Host}\" and path {path.Path} that this canary could take a share of"]);
                }
                else if (key is not null)
                {
                    main.Canaries.Add(asked.Canary!.For(backends.Of(key)));
                }
            }
        }
    }

    private static string PathOf(V1HTTPIngressPath path) => string.IsNullOrEmpty(path.Path) ? "/" : path.Path;

    /// <summary>null: it cannot be matched.</summary>
    private static PathKind? KindOf(Work work, V1Ingress ingress, IngressSettings asked, V1HTTPIngressPath path)
    {
        // As ingress-nginx: paths are patterns as soon as something could be made of their groups.
        if ((asked.UseRegex || asked.RewriteTarget is not null) && path.PathType != "Exact")
        {
            if (PathPattern.Check(PathOf(path)) is { } wrong)
            {
                work.Tell(ingress, [$"path {path.Path}: {wrong}; it is ignored"]);
                return null;
            }

            return PathKind.Pattern;
        }

        return path.PathType switch
        {
            "Exact" => PathKind.Exact,
            "Prefix" => PathKind.Prefix,
            _ => PathKind.Start,
        };
    }

    /// <summary>A route whose canaries are still to be found.</summary>
    private sealed class Draft(Route route)
    {
        private Route? complete;

        public List<Canary> Canaries { get; } = [];

        public Route Route => complete ??= Canaries.Count == 0 ? route : route with { Canaries = Canaries };
    }

    /// <summary>What one compilation gathers.</summary>
    private sealed class Work(Func<ObjectKey, V1Service?> services)
    {
        private readonly Dictionary<string, List<PathRule<Draft>>> hosts = new(StringComparer.OrdinalIgnoreCase);
        private readonly Dictionary<string, Draft> fallbacks = new(StringComparer.OrdinalIgnoreCase);
        private readonly Dictionary<ObjectKey, IReadOnlyList<string>> problems = [];

        public IReadOnlyDictionary<ObjectKey, IReadOnlyList<string>> Problems => problems;

        public Draft? Otherwise { get; set; }

        public void Tell(V1Ingress ingress, IReadOnlyList<string> sentences)
        {
            if (sentences.Count > 0)
            {
                problems[ingress.Key()] = [.. problems.GetValueOrDefault(ingress.Key()) ?? [], .. sentences.Except(problems.GetValueOrDefault(ingress.Key()) ?? [])];
            }
        }

        public void Add(string host, PathKind kind, string path, Draft draft)
        {
            Ensure(host, null);
            hosts[host].Add(new PathRule<Draft>(kind, path, draft));
        }

        public void Ensure(string host, Draft? fallback)
        {
            hosts.TryAdd(host, []);
            if (fallback is not null)
            {
                fallbacks.TryAdd(host, fallback);
            }
        }

        public Draft? Find(string host, string path) =>
            hosts.GetValueOrDefault(host)?.FirstOrDefault(rule => rule.Path == path).Value;

        public BackendKey? KeyFor(V1Ingress ingress, V1IngressBackend backend, IngressSettings asked) =>
            KeyFor(ingress, backend, asked.Protocol) is { } key ? key.IsSecure && asked.BackendTls is { } tls ? key with { Tls = tls(key.Service) } : key : null;

        private BackendKey? KeyFor(V1Ingress ingress, V1IngressBackend backend, BackendProtocol? protocol)
        {
            if (backend.Service is not { } wanted)
            {
                Tell(ingress, [$"backend {backend.Resource?.Kind} {backend.Resource?.Name}: only Services are supported"]);
                return null;
            }

            var space = ingress.Metadata.NamespaceProperty;
            var port = wanted.Port?.Name ?? wanted.Port?.Number?.ToString(CultureInfo.InvariantCulture) ?? "";
            if (services(new ObjectKey(space, wanted.Name)) is not { } service)
            {
                Tell(ingress, [$"Service {space}/{wanted.Name} does not exist"]);
                return new BackendKey(space, wanted.Name, port, protocol ?? BackendProtocol.Http);
            }

            var found = ServiceEndpoints.PortOf(service, port);
            if (found is null)
            {
                Tell(ingress, [$"Service {space}/{wanted.Name} has no port {port}"]);
            }

            return new BackendKey(space, wanted.Name, port, protocol ?? ProtocolOf(found));
        }

        public IngressRouter Router() => new(
            new HostTable<IngressHost>(
                hosts.ToDictionary(
                    host => host.Key,
                    host => new IngressHost(
                        new PathTable<Route>(host.Value.Select(rule => new PathRule<Route>(rule.Kind, rule.Path, rule.Value.Route))),
                        fallbacks.GetValueOrDefault(host.Key)?.Route),
                    StringComparer.OrdinalIgnoreCase),
                manyLabels: false),
            Otherwise?.Route);
    }

    internal static BackendProtocol ProtocolOf(V1ServicePort? port) => port?.AppProtocol switch
    {
        "kubernetes.io/h2c" or "grpc" => BackendProtocol.Grpc,
        "https" => BackendProtocol.Https,
        _ => BackendProtocol.Http,
    };
}
