namespace Flotilla.Cel.Libraries;

/// <summary>The libraries of the dialect of Kubernetes 1.36. To add one is one file and one line here.</summary>
internal static class KubernetesLibraries
{
    public static readonly IReadOnlyList<ICelLibrary> All =
    [
        new OptionalLibrary(),
        new StringLibrary(),
        new ListLibrary(),
        new ListExtensionLibrary(),
        new TwoVariableLibrary(),
        new SetLibrary(),
        new RegexLibrary(),
        new UrlLibrary(),
        new QuantityLibrary(),
        new IpLibrary(),
        new CidrLibrary(),
        new FormatLibrary(),
        new SemverLibrary(),
        new JsonPatchLibrary(),
        new AuthorizerLibrary(),
    ];
}
