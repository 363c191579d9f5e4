namespace Flotilla.Node.Joining;

/// <summary>Why a machine cannot join, in one sentence that says what to do.</summary>
public sealed class JoinException(string message) : Exception(message);
