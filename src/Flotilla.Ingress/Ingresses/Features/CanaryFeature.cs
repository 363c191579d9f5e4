using System.Text.RegularExpressions;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Routing;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>What makes a request go to the canary; its rules say for which hosts and paths.</summary>
internal sealed record CanarySettings(string? Header, string? HeaderValue, Regex? HeaderPattern, string? Cookie, int Weight, int WeightTotal)
{
    public Canary For(Backend backend) => new(backend, Header, HeaderValue, HeaderPattern, Cookie, Weight, WeightTotal);
}

/// <summary>An Ingress that takes a share of the requests of another one for the same host and path.</summary>
internal static class CanaryFeature
{
    private const int UsualTotal = 100;

    public static void Read(Annotations annotations, IngressSettings settings)
    {
        var total = annotations.Number("canary-weight-total", 1) ?? UsualTotal;
        var canary = new CanarySettings(
            annotations.Text("canary-by-header"),
            annotations.Text("canary-by-header-value"),
            Pattern(annotations),
            annotations.Text("canary-by-cookie"),
            annotations.Number("canary-weight", 0, total) ?? 0,
            total);
        if (annotations.Flag("canary"))
        {
            settings.Canary = canary;
        }
    }

    private static Regex? Pattern(Annotations annotations)
    {
        try
        {
            return annotations.Text("canary-by-header-pattern") is { } text ? PathPattern.CompileExact(text) : null;
        }
        catch (FormatException wrong)
        {
            annotations.Refuse("canary-by-header-pattern", wrong.Message);
            return null;
        }
    }
}
