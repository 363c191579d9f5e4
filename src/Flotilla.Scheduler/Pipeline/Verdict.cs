namespace Flotilla.Scheduler.Pipeline;

/// <summary>A plugin's answer about one node, with the reasons in upstream's words when it is no.</summary>
public readonly record struct Verdict(IReadOnlyList<string>? Reasons, bool Unresolvable)
{
    public static readonly Verdict Fits;

    public bool IsFit => Reasons is null;

    /// <summary>Not now; might change if pods left the node.</summary>
    public static Verdict No(params IReadOnlyList<string> reasons) => new(reasons, Unresolvable: false);

    /// <summary>No, and evicting pods from the node would not help.</summary>
    public static Verdict Never(params IReadOnlyList<string> reasons) => new(reasons, Unresolvable: true);
}
