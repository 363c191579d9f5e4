using Flotilla.Ingress.Policies;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>Sticky sessions.</summary>
internal static class AffinityFeature
{
    private const string UsualName = "INGRESSCOOKIE";

    public static void Read(Annotations annotations, IngressSettings settings)
    {
        var mode = annotations.Text("affinity");
        var cookie = new CookieAffinity(
            annotations.Text("session-cookie-name") ?? UsualName,
            annotations.Text("session-cookie-path") ?? "/",
            annotations.Number("session-cookie-max-age"),
            annotations.Number("session-cookie-expires"),
            SameSite(annotations),
            annotations.Text("session-cookie-secure") is null ? null : annotations.Flag("session-cookie-secure"),
            annotations.Text("session-cookie-domain"));
        if (annotations.Text("affinity-mode") is not (null or "balanced" or "persistent"))
        {
            annotations.Refuse("affinity-mode", "must be balanced or persistent");
        }

        // A client moves only when its pod is gone, or does not answer.
        annotations.Text("session-cookie-change-on-failure");
        if (mode == "cookie")
        {
            settings.Affinity = cookie;
        }
        else if (mode is not null)
        {
            annotations.Refuse("affinity", $"must be cookie, not \"{mode}\"");
        }
    }

    private static string? SameSite(Annotations annotations)
    {
        var value = annotations.Text("session-cookie-samesite");
        if (value is null or "None" or "Lax" or "Strict")
        {
            return value;
        }

        annotations.Refuse("session-cookie-samesite", "must be None, Lax or Strict");
        return null;
    }
}
