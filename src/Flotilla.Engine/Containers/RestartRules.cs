using Flotilla.Api.Json;

namespace Flotilla.Engine.Containers;

/// <summary>Whether and when a container that has ended is started again. Pure.</summary>
internal static class RestartRules
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    // One that has run so long is healthy: the next failure is a first one.
    private static readonly TimeSpan LongRun = TimeSpan.FromSeconds(10);

    public static bool After(ContainerRecord record, int exitCode) => !record.State.IsStoppedByHand && record.RestartPolicy switch
    {
        "always" or "unless-stopped" => true,
        "on-failure" => exitCode != 0 && (record.HostConfig.Object("RestartPolicy").Integer("MaximumRetryCount") ?? 0) is var most && (most <= 0 || record.State.RestartCount < most),
        _ => false,
    };

    /// <summary>When the engine finds it not running at its own start.</summary>
    public static bool AtStart(ContainerRecord record) => record.State.Status != StateRecord.Created && record.RestartPolicy switch
    {
        "always" => true,
        "unless-stopped" => !record.State.IsStoppedByHand,
        "on-failure" => !record.State.IsStoppedByHand && record.State.ExitCode != 0,
        _ => false,
    };

    public static TimeSpan Delay(TimeSpan last, TimeSpan ran) => last == TimeSpan.Zero || ran >= LongRun ? First : last * 2 > Longest ? Longest : last * 2;
}
