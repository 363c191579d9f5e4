namespace Flotilla.Api.Validation;

/// <summary>
/// Rules that came later than objects that break them, as upstream names them in its options for updates. An object that
/// broke one before may go on doing so; otherwise nothing about it could be changed again.
/// </summary>
public static class Ratchet
{
    public const string SelectorValues = "values in selectors";
    public const string NodeAffinityValues = "values in required node affinity";
    public const string SpreadSelectors = "selectors of spread constraints";
    public const string SpreadKeys = "label keys of spread constraints";
    public const string HugePages = "whole huge pages";
    public const string TokenPaths = "paths of projected tokens";
    public const string HostSysctls = "sysctls of the host's namespaces";
    public const string HostUsersOnHostNetwork = "user namespaces on the host's network";
    public const string TolerationOperators = "operators of tolerations";
    public const string DeletionCost = "cost of a pod's deletion";
    public const string ServiceNames = "names of governing services";
    public const string DataSourceGroups = "groups of data sources";
    public const string TlsSecretNames = "names of TLS secrets";
    public const string WildcardHosts = "wildcards of hosts";
    public const string ScaleToZero = "autoscaling to zero";
    public const string HookNames = "unique names of webhooks";
    public const string HookSideEffects = "side effects of webhooks";
    public const string HookVersions = "review versions of webhooks";

    public static FieldError Of(FieldError error, string rule) => error with { Ratchet = rule };

    public static IEnumerable<FieldError> Ratcheted(this IEnumerable<FieldError> errors, string rule) => errors.Select(error => Of(error, rule));

    /// <summary>For rules that tolerate the values they tolerated before, and no other.</summary>
    public static IEnumerable<FieldError> RatchetedFor(this IEnumerable<FieldError> errors, string rule, string value) => errors.Ratcheted($"{rule} {value}");

    /// <summary>Leaves out what the old object was guilty of, too; <paramref name="ofOld"/> is only asked when it matters.</summary>
    public static IEnumerable<FieldError> Tolerate(IEnumerable<FieldError> errors, Func<IEnumerable<FieldError>> ofOld)
    {
        var broken = new Lazy<HashSet<string?>>(() => [.. ofOld().Select(error => error.Ratchet)]);
        return errors.Where(error => error.Ratchet is null || !broken.Value.Contains(error.Ratchet));
    }
}
