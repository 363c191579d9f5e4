namespace Flotilla.Scheduler.Pipeline;

/// <summary>A node for the pod, or why there is none.</summary>
public readonly record struct Decision(string? NodeName, Diagnosis? Diagnosis);
