using Flotilla.Api;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Ingresses.Features;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Routing;
using k8s.Models;
using Yarp.ReverseProxy.Forwarder;

namespace Flotilla.Ingress.Ingresses;

/// <summary>What the annotations of one Ingress ask for. Each feature reads its own and is one line in <see cref="For"/>.</summary>
internal sealed class IngressSettings
{
    private const long UsualBodyBytes = 1 << 20;

    /// <summary>Before anything else: redirects, and answers to browsers' questions.</summary>
    public List<IRouteStep> Redirects { get; } = [];

    /// <summary>In this order, after the redirects.</summary>
    public List<IRouteStep> Steps { get; } = [];

    public List<IMessageChange> Changes { get; } = [];

    public List<ObjectKey> Secrets { get; } = [];

    public List<string> Aliases { get; } = [];

    /// <summary>Whether who comes without TLS is sent to it: where the host has a certificate, or always.</summary>
    public bool RedirectToTls { get; set; } = true;

    public bool ForceTls { get; set; }

    public bool UseRegex { get; set; }

    public string? RewriteTarget { get; set; }

    public BackendProtocol? Protocol { get; set; }

    /// <summary>By the name of a Service; null: nothing is checked.</summary>
    public Func<string, BackendTls>? BackendTls { get; set; }

    /// <summary>Asked after all other steps.</summary>
    public ExternalAuthentication? Authentication { get; set; }

    /// <summary>The Service of the cluster that is asked.</summary>
    public BackendKey? AuthenticationService { get; set; }

    public CookieAffinity? Affinity { get; set; }

    public CanarySettings? Canary { get; set; }

    public long? MaxBodyBytes { get; set; } = UsualBodyBytes;

    public TimeSpan ConnectTimeout { get; set; } = Route.DefaultConnectTimeout;

    public ForwarderRequestConfig Forwarding { get; set; } = Route.HttpForwarding;

    public int Tries { get; set; } = 3;

    /// <summary>Sentences for the user.</summary>
    public List<string> Problems { get; } = [];

    public static IngressSettings For(V1Ingress ingress)
    {
        var annotations = new Annotations(ingress.Metadata.Annotations);
        var settings = new IngressSettings();
        RedirectFeature.Read(annotations, settings);
        CorsFeature.Read(annotations, settings);
        LimitFeature.Read(annotations, settings);
        SourceRangeFeature.Read(annotations, settings);
        AuthenticationFeature.Read(annotations, settings, ingress.Metadata.NamespaceProperty);
        ExternalAuthenticationFeature.Read(annotations, settings);
        RewriteFeature.Read(annotations, settings);
        BackendFeature.Read(annotations, settings);
        BackendTlsFeature.Read(annotations, settings, ingress.Metadata.NamespaceProperty);
        AffinityFeature.Read(annotations, settings);
        HeaderFeature.Read(annotations, settings);
        CanaryFeature.Read(annotations, settings);
        settings.Problems.AddRange(annotations.Problems);
        settings.Problems.AddRange(annotations.Unread.Select(name => $"annotation {name} is not supported; it is ignored"));
        return settings;
    }
}
