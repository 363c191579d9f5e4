namespace Flotilla.Local;

/// <summary>What a machine that only runs pods knows of its cluster.</summary>
internal sealed record AgentSettings
{
    /// <summary>The server it joined by; it learns of the others.</summary>
    public required Uri Server { get; init; }

    public TimeSpan CertificateLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>null: at six tenths of their lifetime.</summary>
    public TimeSpan? RenewCertificatesAfter { get; init; }
}
