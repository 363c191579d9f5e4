using Flotilla.Api;

namespace Flotilla.Controllers.SeLinuxWarnings;

/// <summary>Two pods that cannot use one volume on the same node, as the first of them sees it.</summary>
/// <param name="Property">In words, as metrics name it too.</param>
/// <param name="Reason">Of the event.</param>
internal sealed record LabelConflict(string Property, string Reason, ObjectKey Pod, string Value, ObjectKey OtherPod, string OtherValue)
{
    private const string Consequence = "If both pods land on the same node, only one of them may access the volume.";

    /// <summary>Says nothing of pods in other namespaces.</summary>
    public string Message => Pod.Namespace == OtherPod.Namespace
        ? $"{Property} \"{Value}\" conflicts with pod {OtherPod.Name} that uses the same volume as this pod with {Property} \"{OtherValue}\". {Consequence}"
        : $"{Property}\"{Value}\" conflicts with another pod that uses the same volume as this pod with a different {Property}. {Consequence}";

    public LabelConflict Reversed => this with { Pod = OtherPod, Value = OtherValue, OtherPod = Pod, OtherValue = Value };
}
