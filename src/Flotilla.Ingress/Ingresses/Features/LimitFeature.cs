using Flotilla.Ingress.Policies;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>How often and how many at a time one client may ask, and how long a body may be.</summary>
internal static class LimitFeature
{
    private const int UsualBurst = 5;
    private const int SecondsOfMinute = 60;

    public static void Read(Annotations annotations, IngressSettings settings)
    {
        var exempt = annotations.Networks("limit-allowlist") ?? [];
        var old = annotations.Networks("limit-whitelist") ?? [];
        exempt = [.. exempt, .. old];
        var burst = annotations.Number("limit-burst-multiplier", 1, 1000) ?? UsualBurst;
        if (annotations.Number("limit-rps", 1) is { } second)
        {
            settings.Steps.Add(new RateLimit(second, second * burst, exempt));
        }

        if (annotations.Number("limit-rpm", 1) is { } minute)
        {
            settings.Steps.Add(new RateLimit(minute / (double)SecondsOfMinute, minute * burst, exempt));
        }

        if (annotations.Number("limit-connections", 1) is { } most)
        {
            settings.Steps.Add(new ConnectionLimit(most, exempt));
        }

        if (annotations.Size("proxy-body-size") is { } size)
        {
            settings.MaxBodyBytes = size == 0 ? null : size;
        }
    }
}
