namespace Flotilla.Server.Authentication;

/// <summary>What is known about a user besides name and groups; keys in the order in which they are shown.</summary>
public static class UserExtra
{
    public const string CredentialId = "authentication.kubernetes.io/credential-id";
    public const string NodeName = "authentication.kubernetes.io/node-name";
    public const string NodeUid = "authentication.kubernetes.io/node-uid";
    public const string PodName = "authentication.kubernetes.io/pod-name";
    public const string PodUid = "authentication.kubernetes.io/pod-uid";

    /// <summary>Absent values are left out.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Of(params ReadOnlySpan<(string Key, string? Value)> pairs)
    {
        var extra = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
        {
            if (!string.IsNullOrEmpty(value))
            {
                extra[key] = [value];
            }
        }

        return extra;
    }
}
