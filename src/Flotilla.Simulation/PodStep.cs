using System.Globalization;
using k8s.Models;

namespace Flotilla.Simulation;

internal enum PodAction
{
    /// <summary>Nothing to do until it changes.</summary>
    None,
    Wait,
    Start,
    Fail,
    Succeed,
    Remove,
}

/// <summary>What happens next to a pod on a simulated node. Pure.</summary>
/// <param name="After">For <see cref="PodAction.Wait"/>: how long.</param>
internal readonly record struct PodStep(PodAction Action, TimeSpan After = default)
{
    /// <summary>On a pod: it succeeds after running for so long, e.g. <c>5s</c> or <c>2m</c>.</summary>
    public const string Duration = "simulate.flotilla.io/duration";

    private const int Parts = 1_000_000;

    /// <param name="seen">When the simulated node first saw the pod.</param>
    public static PodStep For(V1Pod pod, SimulationOptions options, DateTimeOffset seen, DateTimeOffset now)
    {
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            // Whoever keeps it is told how it ended, as a node tells.
            return new PodStep(pod.Metadata.Finalizers is { Count: > 0 } && pod.Status?.Phase is not ("Succeeded" or "Failed") ? PodAction.Succeed : PodAction.Remove);
        }

        return pod.Status?.Phase switch
        {
            "Succeeded" or "Failed" => new PodStep(PodAction.None),
            "Running" => Running(pod, now),
            _ when seen + options.StartDelay > now => new PodStep(PodAction.Wait, seen + options.StartDelay - now),
            _ => new PodStep(Fails(pod, options.FailureRate) ? PodAction.Fail : PodAction.Start),
        };
    }

    /// <summary>A number and one of ms, s, m, h; null when it is none.</summary>
    public static TimeSpan? ParseDuration(string? text)
    {
        ReadOnlySpan<char> value = text ?? "";
        var digits = value.TrimEnd("msh");
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number > 1e7)
        {
            return null;
        }

        return value[digits.Length..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => number == 0 && value is "0" ? TimeSpan.Zero : null,
        };
    }

    private static PodStep Running(V1Pod pod, DateTimeOffset now)
    {
        if (pod.Metadata.Annotations is null || !pod.Metadata.Annotations.TryGetValue(Duration, out var text)
            || ParseDuration(text) is not { } duration || pod.Spec.RestartPolicy == "Always")
        {
            return new PodStep(PodAction.None);
        }

        var started = pod.Status.StartTime is { } time ? new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc)) : now;
        return started + duration > now ? new PodStep(PodAction.Wait, started + duration - now) : new PodStep(PodAction.Succeed);
    }

    // The same pod fails on every look at it.
    private static bool Fails(V1Pod pod, double rate)
    {
        if (rate <= 0)
        {
            return false;
        }

        uint hash = 2166136261;
        foreach (var letter in pod.Metadata.Uid ?? pod.Metadata.Name)
        {
            hash = (hash ^ letter) * 16777619;
        }

        return hash % Parts < rate * Parts;
    }
}
