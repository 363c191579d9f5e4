using Flotilla.Ingress.Policies;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>Redirects: to TLS, to the application's own root, to another site.</summary>
internal static class RedirectFeature
{
    public static void Read(Annotations annotations, IngressSettings settings)
    {
        settings.RedirectToTls = annotations.Flag("ssl-redirect", otherwise: true);
        settings.ForceTls = annotations.Flag("force-ssl-redirect");
        if (annotations.Text("app-root") is { } root)
        {
            if (root[0] == '/')
            {
                settings.Redirects.Add(new FixedRedirect(root, 302, OnlyPath: "/"));
            }
            else
            {
                annotations.Refuse("app-root", "must begin with /");
            }
        }

        Elsewhere(annotations, settings, "permanent-redirect", annotations.Number("permanent-redirect-code", 300, 308) ?? 301);
        Elsewhere(annotations, settings, "temporal-redirect", annotations.Number("temporal-redirect-code", 300, 308) ?? 302);
    }

    private static void Elsewhere(Annotations annotations, IngressSettings settings, string name, int code)
    {
        if (annotations.Text(name) is { } location)
        {
            if (Uri.TryCreate(location, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https")
            {
                settings.Redirects.Add(new FixedRedirect(location, code));
            }
            else
            {
                annotations.Refuse(name, "must be a URL that begins with http:// or https://");
            }
        }
    }
}
