namespace Flotilla.Storage.Tests.Linearizability;

public enum Outcome
{
    /// <summary>Nobody knows whether it took effect, or whether it yet will.</summary>
    Unknown,

    Done,

    /// <summary>It was refused because the key was not as the client said.</summary>
    Refused,
}

/// <summary>One exchange of a client about one key. Every value that is written is unique.</summary>
/// <param name="Began">By the history's clock, when the client asked.</param>
/// <param name="Ended">When it was answered, or gave up.</param>
public abstract record Operation(long Began, long Ended, Outcome Outcome);

/// <summary>Writes a value where the key is at a version.</summary>
/// <param name="Expected">The version that the client said; 0: the key is not there.</param>
/// <param name="Version">Of the value, when it was acknowledged.</param>
public sealed record Write(long Began, long Ended, Outcome Outcome, string Value, long Expected, long Version) : Operation(Began, Ended, Outcome);

/// <summary>Always <see cref="Outcome.Done"/>: a read that failed says nothing.</summary>
/// <param name="Version">0: the key is not there.</param>
public sealed record Read(long Began, long Ended, string? Value, long Version) : Operation(Began, Ended, Outcome.Done);
