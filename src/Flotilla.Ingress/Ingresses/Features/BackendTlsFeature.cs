using System.Security.Authentication;
using Flotilla.Api;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>Certificates between this proxy and pods that are spoken to in TLS.</summary>
internal static class BackendTlsFeature
{
    private const int UsualDepth = 1;
    private const int MostDepth = 100;

    public static void Read(Annotations annotations, IngressSettings settings, string space)
    {
        var (secret, verify, sends) = (annotations.Text("proxy-ssl-secret"), Switch(annotations, "proxy-ssl-verify"), Switch(annotations, "proxy-ssl-server-name"));
        var (name, depth, protocols) = (annotations.Text("proxy-ssl-name"), annotations.Number("proxy-ssl-verify-depth", 0, MostDepth) ?? UsualDepth, Protocols(annotations));
        if (secret is null)
        {
            // Without authorities nobody could be recognized: what was meant to be checked is not served unchecked.
            if (verify)
            {
                settings.Problems.Add("annotation proxy-ssl-verify: needs proxy-ssl-secret; nobody is let in");
                settings.Steps.Add(new Policies.Closed());
            }

            return;
        }

        if (secret.Split('/') is not [var place, { Length: > 0 } key] || place != space)
        {
            settings.Problems.Add("annotation proxy-ssl-secret: must name a Secret of the Ingress's own namespace, as namespace/name; nobody is let in");
            settings.Steps.Add(new Policies.Closed());
            return;
        }

        var wanted = new ObjectKey(space, key);
        settings.Secrets.Add(wanted);
        settings.BackendTls = service => new Backends.BackendTls(wanted, verify, depth, name ?? $"{service}.{space}.svc", sends, protocols);
    }

    private static bool Switch(Annotations annotations, string name)
    {
        switch (annotations.Text(name))
        {
            case null or "off": return false;
            case "on": return true;
            default:
                annotations.Refuse(name, "must be \"on\" or \"off\"");
                return false;
        }
    }

    private static SslProtocols Protocols(Annotations annotations)
    {
        var protocols = SslProtocols.None;
        foreach (var word in annotations.Text("proxy-ssl-protocols")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            switch (word)
            {
                case "TLSv1.2":
                    protocols |= SslProtocols.Tls12;
                    break;
                case "TLSv1.3":
                    protocols |= SslProtocols.Tls13;
                    break;
                default:
                    annotations.Refuse("proxy-ssl-protocols", $"must be of TLSv1.2 and TLSv1.3, not \"{word}\"");
                    return SslProtocols.None;
            }
        }

        return protocols;
    }
}
