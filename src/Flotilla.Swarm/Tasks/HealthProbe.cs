using Flotilla.Swarm.Services.Spec;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>
/// Docker's health check as three probes: a task is starting until the first success, takes traffic while healthy and
/// ends when it is not. Whole seconds, rounded up.
/// </summary>
internal sealed record HealthProbe(V1Probe Startup, V1Probe Readiness, V1Probe Liveness)
{
    private const int UsualSeconds = 30;
    private const int UsualRetries = 3;
    private const int UsualStartSeconds = 5;

    /// <summary>null: nothing is checked.</summary>
    public static HealthProbe? For(Healthcheck? check)
    {
        if (CommandOf(check) is not { } command)
        {
            return null;
        }

        var (interval, timeout) = (Seconds(check!.Interval, UsualSeconds), Seconds(check.Timeout, UsualSeconds));
        var retries = check.Retries > 0 ? check.Retries : UsualRetries;
        var grace = Seconds(check.StartPeriod, 0);
        var first = grace == 0 ? interval : Math.Min(interval, Seconds(check.StartInterval, UsualStartSeconds));
        return new HealthProbe(
            Probe(first, retries + ((grace + first - 1) / first)),
            Probe(interval, retries),
            Probe(interval, retries));

        // The first look comes after an interval, as with Docker.
        V1Probe Probe(int period, int failures) => new()
        {
            Exec = new V1ExecAction { Command = [.. command] },
            InitialDelaySeconds = period,
            PeriodSeconds = period,
            TimeoutSeconds = timeout,
            FailureThreshold = failures,
            SuccessThreshold = 1,
        };
    }

    private static IReadOnlyList<string>? CommandOf(Healthcheck? check) => check?.Test switch
    {
        ["CMD", ..] when check.Test.Count > 1 => [.. check.Test.Skip(1)],
        ["CMD-SHELL", var line] => ["/bin/sh", "-c", line],
        _ => null,
    };

    private static int Seconds(long nanoseconds, int absent) => nanoseconds <= 0 ? absent : (int)Math.Ceiling(nanoseconds / 1e9);
}
