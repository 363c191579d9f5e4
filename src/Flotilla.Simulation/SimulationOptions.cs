using System.Globalization;
using k8s.Models;

namespace Flotilla.Simulation;

/// <summary>How many nodes there seem to be, how large they are and how their pods behave.</summary>
public sealed record SimulationOptions
{
    public required int Nodes { get; init; }

    /// <summary>Nodes are called so, with a number behind it.</summary>
    public string Prefix { get; init; } = "sim-";

    public string Cpu { get; init; } = "32";

    public string Memory { get; init; } = "256Gi";

    public int PodsPerNode { get; init; } = 110;

    /// <summary>Nodes are spread over so many zones in turn; 0 for none.</summary>
    public int Zones { get; init; } = 3;

    /// <summary>Keeps pods off that do not tolerate it; null for none.</summary>
    public V1Taint? Taint { get; init; }

    /// <summary>From bound to running.</summary>
    public TimeSpan StartDelay { get; init; } = TimeSpan.Zero;

    /// <summary>The part of the pods, 0 to 1, that fails instead of running.</summary>
    public double FailureRate { get; init; }

    /// <summary>Requests under way at once.</summary>
    public int Clients { get; init; } = 32;

    /// <summary>A node counts as gone after 40 s without its lease renewed.</summary>
    public TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A number and one of ms, s, m, h; null when it is none.</summary>
    public static TimeSpan? ParseDuration(string? text) => PodStep.ParseDuration(text);

    /// <returns>What is wrong, in the words of the flags; empty when nothing.</returns>
    public IEnumerable<string> Problems()
    {
        if (Nodes is < 1 or > 50_000)
        {
            yield return $"--nodes must be between 1 and 50000, not {Nodes}";
        }

        if (FailureRate is < 0 or > 1 or double.NaN)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--failure-rate must be between 0 and 1, not {FailureRate}");
        }

        if (StartDelay < TimeSpan.Zero || StartDelay > TimeSpan.FromHours(1))
        {
            yield return "--start-delay must be between 0 and 1h";
        }

        if (PodsPerNode is < 1 or > 10_000)
        {
            yield return $"--pods must be between 1 and 10000, not {PodsPerNode}";
        }

        if (Zones is < 0 or > 1000)
        {
            yield return $"--zones must be between 0 and 1000, not {Zones}";
        }

        if (Clients is < 1 or > 1024)
        {
            yield return $"--clients must be between 1 and 1024, not {Clients}";
        }

        foreach (var (flag, value) in ((string, string)[])[("--cpu", Cpu), ("--memory", Memory)])
        {
            if (!IsQuantity(value))
            {
                yield return $"{flag} must be a quantity like 32, 500m or 64Gi, not '{value}'";
            }
        }
    }

    /// <summary><c>key=value:effect</c> or <c>key:effect</c>, as kubectl takes it; null when it is neither.</summary>
    public static V1Taint? ParseTaint(string text)
    {
        var parts = text.Split(':');
        if (parts.Length != 2 || parts[1] is not ("NoSchedule" or "PreferNoSchedule" or "NoExecute"))
        {
            return null;
        }

        var pair = parts[0].Split('=', 2);
        return pair[0].Length == 0 ? null : new V1Taint { Key = pair[0], Value = pair.Length > 1 ? pair[1] : null, Effect = parts[1] };
    }

    private static bool IsQuantity(string value)
    {
        try
        {
            return new ResourceQuantity(value).ToDecimal() > 0;
        }
        catch (Exception error) when (error is FormatException or ArgumentException or OverflowException)
        {
            return false;
        }
    }
}
