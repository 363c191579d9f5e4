namespace Flotilla.Scheduler.Pipeline;

/// <summary>A plugin's answer about a pod or a pod on a node, with the reasons in upstream's words when it is no.</summary>
public readonly record struct Verdict(IReadOnlyList<string>? Reasons, Rejection Rejection)
{
    public static readonly Verdict Fits;

    public bool IsFit => Reasons is null;

    /// <summary>Evicting pods would not help.</summary>
    public bool Unresolvable => Rejection is Rejection.Unresolvable or Rejection.Pending;

    /// <summary>Not now; might change if pods left the node.</summary>
    public static Verdict No(params IReadOnlyList<string> reasons) => new(reasons, Rejection.Unschedulable);

    /// <summary>No, and evicting pods from the node would not help.</summary>
    public static Verdict Never(params IReadOnlyList<string> reasons) => new(reasons, Rejection.Unresolvable);

    /// <summary>Something is under way and the pod waits for it; it is tried again without back-off.</summary>
    public static Verdict Wait(params IReadOnlyList<string> reasons) => new(reasons, Rejection.Pending);

    /// <summary>The plugin could not tell; the pod is tried again after its back-off.</summary>
    public static Verdict Error(string message) => new([message], Rejection.Error);
}

public enum Rejection
{
    None,
    Unschedulable,
    Unresolvable,
    Pending,
    Error,
}
