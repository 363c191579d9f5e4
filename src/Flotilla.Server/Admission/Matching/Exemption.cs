namespace Flotilla.Server.Admission.Matching;

/// <summary>What decides about admission is never itself decided by it: a broken rule must stay removable.</summary>
internal static class Exemption
{
    private static readonly string[] Resources =
    [
        "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
        "validatingadmissionpolicies", "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
    ];

    public static bool Covers(AdmissionRequest request) => request.Kind.Group == "admissionregistration.k8s.io" && Resources.Contains(request.Kind.Plural);
}
