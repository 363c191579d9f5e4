namespace Flotilla.Local;

/// <summary>Of a server that did not begin the cluster.</summary>
internal sealed record JoinSettings
{
    /// <summary>The server it joined by.</summary>
    public required Uri Server { get; init; }

    /// <summary>It has all it needs, and starts without a token.</summary>
    public bool IsDone { get; init; }
}
