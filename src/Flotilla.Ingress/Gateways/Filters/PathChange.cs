using Flotilla.Ingress.Gateways.Api;

namespace Flotilla.Ingress.Gateways.Filters;

/// <summary>A path that is replaced, in whole or as far as the rule matched it.</summary>
internal static class PathChange
{
    /// <summary>null: it stays.</summary>
    public static string? Apply(PathModifier? change, string? matchedPrefix, string path)
    {
        switch (change?.Type)
        {
            case "ReplaceFullPath":
                return Rooted(change.ReplaceFullPath ?? "/");
            case "ReplacePrefixMatch" when matchedPrefix is not null:
                var rest = path[Math.Min(matchedPrefix.TrimEnd('/').Length, path.Length)..];
                return Rooted((change.ReplacePrefixMatch ?? "").TrimEnd('/') + rest);
            default:
                return null;
        }
    }

    private static string Rooted(string path) => path.StartsWith('/') ? path : "/" + path;
}
