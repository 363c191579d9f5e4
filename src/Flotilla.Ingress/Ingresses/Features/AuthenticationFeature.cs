using Flotilla.Api;
using Flotilla.Ingress.Policies;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>Passwords from a Secret. What was meant to be locked and cannot be is closed, not open.</summary>
internal static class AuthenticationFeature
{
    public static void Read(Annotations annotations, IngressSettings settings, string space)
    {
        var (type, secret) = (annotations.Text("auth-type"), annotations.Text("auth-secret"));
        var form = annotations.Text("auth-secret-type");
        var realm = annotations.Text("auth-realm") ?? "Authentication Required";
        if (type is null)
        {
            return;
        }

        var parts = secret?.Split('/') ?? [];
        if (type != "basic")
        {
            settings.Problems.Add($"annotation auth-type: only \"basic\" is supported, not \"{type}\"; nobody is let in");
        }
        else if (form is not (null or "auth-file" or "auth-map"))
        {
            settings.Problems.Add($"annotation auth-secret-type: must be auth-file or auth-map, not \"{form}\"; nobody is let in");
        }
        else if (parts.Length is not (1 or 2))
        {
            settings.Problems.Add("annotation auth-secret: must name a Secret; nobody is let in");
        }
        else if (parts.Length == 2 && parts[0] != space)
        {
            settings.Problems.Add("annotation auth-secret: must name a Secret of the Ingress's own namespace; nobody is let in");
        }
        else
        {
            var key = new ObjectKey(space, parts[^1]);
            settings.Secrets.Add(key);
            settings.Steps.Add(new BasicAuthentication(key, form == "auth-map", realm));
            return;
        }

        settings.Steps.Add(new Closed());
    }
}
