using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Authentication;

/// <summary>Extra attributes of a user in headers: the key follows a prefix, in lower case and percent-encoded.</summary>
internal static class HeaderExtra
{
    public static IReadOnlyDictionary<string, IReadOnlyList<string>>? Read(IHeaderDictionary headers, string prefix)
    {
        SortedDictionary<string, IReadOnlyList<string>>? extra = null;
        foreach (var (name, values) in headers)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                extra ??= new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
                extra[Uri.UnescapeDataString(name[prefix.Length..].ToLowerInvariant())] = [.. values.Select(value => value ?? "")];
            }
        }

        return extra;
    }
}
