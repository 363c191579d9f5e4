using System.Text.RegularExpressions;

namespace Flotilla.Engine.Registries;

/// <summary>Where a registry sends its users for a token, from the header <c>WWW-Authenticate: Bearer ...</c>.</summary>
internal sealed partial record RegistryChallenge(string Realm, string Service, string Scope)
{
    /// <returns>null: it wants none.</returns>
    public static RegistryChallenge? Of(HttpResponseMessage answer)
    {
        if (answer.Headers.WwwAuthenticate.FirstOrDefault(way => way.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))?.Parameter is not { } parameter)
        {
            return null;
        }

        var said = Pair().Matches(parameter).ToLookup(pair => pair.Groups["name"].Value, pair => pair.Groups["value"].Value, StringComparer.OrdinalIgnoreCase);
        return new RegistryChallenge(said["realm"].FirstOrDefault() ?? "", said["service"].FirstOrDefault() ?? "", said["scope"].FirstOrDefault() ?? "");
    }

    /// <param name="scope">What the token is for, where the registry does not say it itself; empty: only to know the user.</param>
    public Uri Address(string? user, string scope)
    {
        var wanted = Scope.Length > 0 ? Scope : scope;
        return new Uri($"{Realm}?service={Uri.EscapeDataString(Service)}{(wanted.Length > 0 ? "&scope=" + Uri.EscapeDataString(wanted) : "")}{(user is null ? "" : "&account=" + Uri.EscapeDataString(user))}");
    }

    // Values in quotes hold commas: scope="repository:a/b:pull,push".
    [GeneratedRegex("(?<name>[A-Za-z_]+)=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pair();
}
