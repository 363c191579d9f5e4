using Flotilla.Ingress.Policies;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>Requests of pages of other origins, with the values that ingress-nginx takes when nothing is said.</summary>
internal static class CorsFeature
{
    private const string UsualMethods = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
    private const string UsualHeaders = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";
    private const int UsualAgeSeconds = 1728000;

    public static void Read(Annotations annotations, IngressSettings settings)
    {
        var origins = annotations.List("cors-allow-origin");
        var cors = new Cors(
            origins.Count > 0 ? origins : ["*"],
            annotations.Text("cors-allow-methods") ?? UsualMethods,
            annotations.Text("cors-allow-headers") ?? UsualHeaders,
            annotations.Text("cors-expose-headers"),
            annotations.Flag("cors-allow-credentials", otherwise: true),
            annotations.Number("cors-max-age") ?? UsualAgeSeconds);
        if (annotations.Flag("enable-cors"))
        {
            settings.Redirects.Add(cors);
            settings.Changes.Add(cors);
        }
    }
}
