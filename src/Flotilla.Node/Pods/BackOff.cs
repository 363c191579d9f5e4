using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Waits that double from the first to the last: 10 seconds to 5 minutes, unless the pod says otherwise.</summary>
internal sealed class BackOff(TimeSpan first, TimeSpan last)
{
    /// <summary>Annotations of a pod, in seconds.</summary>
    public const string FirstAnnotation = "flotilla.dev/restart-backoff-seconds";
    public const string LastAnnotation = "flotilla.dev/restart-backoff-max-seconds";

    public TimeSpan Delay { get; private set; }

    public void Grow() => Delay = Delay == TimeSpan.Zero ? first : Delay + Delay < last ? Delay + Delay : last;

    public void Reset() => Delay = TimeSpan.Zero;

    /// <summary>The wait after so many failures in a row, the first of which is free.</summary>
    public static BackOff After(V1Pod pod, uint failures)
    {
        var last = Seconds(pod, LastAnnotation) ?? TimeSpan.FromMinutes(5);
        var first = Seconds(pod, FirstAnnotation) ?? TimeSpan.FromSeconds(10);
        var result = new BackOff(first < last ? first : last, last);
        for (var i = 0; i < Math.Min(failures, 32) && result.Delay < last; i++)
        {
            result.Grow();
        }
        return result;
    }

    // At most an hour: a pod that is never tried again would look like one that is stuck.
    private static TimeSpan? Seconds(V1Pod pod, string annotation) =>
        pod.Metadata?.Annotations?.TryGetValue(annotation, out var text) == true
        && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= 3600
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
