using Flotilla.Ingress.Backends;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>How pods are spoken to, and for how long they are waited for.</summary>
internal static class BackendFeature
{
    public static void Read(Annotations annotations, IngressSettings settings)
    {
        settings.Protocol = annotations.Text("backend-protocol")?.ToUpperInvariant() switch
        {
            null or "AUTO_HTTP" => null,
            "HTTP" => BackendProtocol.Http,
            "HTTPS" => BackendProtocol.Https,
            "GRPC" => BackendProtocol.Grpc,
            "GRPCS" => BackendProtocol.Grpcs,
            var other => Refused(annotations, other),
        };
        settings.ConnectTimeout = annotations.Seconds("proxy-connect-timeout") ?? settings.ConnectTimeout;
        var (send, read) = (annotations.Seconds("proxy-send-timeout"), annotations.Seconds("proxy-read-timeout"));
        if (send is not null || read is not null)
        {
            // One clock runs in both directions: nothing sent and nothing received for that long.
            settings.Forwarding = settings.Forwarding with { ActivityTimeout = Longer(send, read) };
        }

        settings.Tries = annotations.Number("proxy-next-upstream-tries", 0, 100) switch
        {
            null => settings.Tries,
            0 => int.MaxValue,
            var tries => tries.Value,
        };
        if (annotations.Text("proxy-next-upstream") == "off")
        {
            settings.Tries = 1;
        }

        // Answers are passed on as they come, which is what these can turn on or off.
        annotations.Text("proxy-buffering");
        annotations.Text("proxy-request-buffering");
        annotations.Text("proxy-http-version");
    }

    private static BackendProtocol? Refused(Annotations annotations, string protocol)
    {
        annotations.Refuse("backend-protocol", $"must be HTTP, HTTPS, GRPC or GRPCS, not {protocol}");
        return null;
    }

    private static TimeSpan Longer(TimeSpan? one, TimeSpan? other) =>
        TimeSpan.FromTicks(Math.Max(one?.Ticks ?? 0, other?.Ticks ?? 0));
}
