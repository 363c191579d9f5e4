namespace Flotilla.Server.Audit;

/// <summary>Who did what, in a file. Nothing is logged without a policy.</summary>
public sealed record AuditOptions
{
    /// <summary>A policy of kind <c>audit.k8s.io/v1, Policy</c>, as YAML or JSON.</summary>
    public required string PolicyFile { get; init; }

    /// <summary>One JSON object per line is appended here.</summary>
    public required string LogFile { get; init; }

    /// <summary>A larger file is put aside and a new one begun.</summary>
    public long MaxMegabytes { get; init; } = 100;

    /// <summary>Files put aside beyond this many are deleted, the oldest first; 0: all are kept.</summary>
    public int MaxBackups { get; init; } = 10;

    /// <summary>Files put aside are deleted when they are older; null: never.</summary>
    public TimeSpan? MaxAge { get; init; } = TimeSpan.FromDays(30);
}
