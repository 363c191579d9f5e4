namespace Flotilla.Local;

/// <summary>What a machine that only runs pods knows of its cluster.</summary>
internal sealed record AgentSettings
{
    /// <summary>Where a token is looked for that is not given as a flag: arguments can be read by everybody.</summary>
    public const string TokenVariable = "FLOTILLA_TOKEN";

    /// <summary>The server it joined by; it learns of the others.</summary>
    public required Uri Server { get; init; }

    public TimeSpan CertificateLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>null: at six tenths of their lifetime.</summary>
    public TimeSpan? RenewCertificatesAfter { get; init; }
}
