using Flotilla.Ingress.Policies;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>Paths and names as the application wants to see them.</summary>
internal static class RewriteFeature
{
    public static void Read(Annotations annotations, IngressSettings settings)
    {
        settings.RewriteTarget = annotations.Text("rewrite-target");
        settings.UseRegex = annotations.Flag("use-regex");
        settings.Aliases.AddRange(annotations.List("server-alias"));
        if (annotations.Text("upstream-vhost") is { } host)
        {
            settings.Changes.Add(new UpstreamHost(host));
        }

        if (annotations.Text("x-forwarded-prefix") is { } prefix)
        {
            settings.Changes.Add(new HeaderChange(OfRequest: true, Set: [new Header("X-Forwarded-Prefix", prefix)], Add: [], Remove: []));
        }
    }
}
