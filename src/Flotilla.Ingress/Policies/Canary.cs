using System.Text.RegularExpressions;
using Flotilla.Ingress.Backends;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Policies;

/// <summary>A second version of a backend that some requests go to: who says so by a header, then by a cookie, then a share of the rest.</summary>
/// <param name="HeaderValue">null: <c>always</c> and <c>never</c> decide.</param>
internal sealed record Canary(Backend Backend, string? Header, string? HeaderValue, Regex? HeaderPattern, string? Cookie, int Weight, int WeightTotal)
{
    private const string Always = "always";
    private const string Never = "never";

    public bool Wants(HttpRequest request, Func<int, int> random)
    {
        if (Header is not null && request.Headers.TryGetValue(Header, out var values))
        {
            var value = values.ToString();
            if (HeaderValue is not null || HeaderPattern is not null)
            {
                // A value that means nothing to the canary leaves the choice to what follows.
                if (HeaderValue is not null ? value == HeaderValue : HeaderPattern!.IsMatch(value))
                {
                    return true;
                }
            }
            else if (value is Always or Never)
            {
                return value == Always;
            }
        }

        if (Cookie is not null && request.Cookies[Cookie] is Always or Never)
        {
            return request.Cookies[Cookie] == Always;
        }

        return Weight > 0 && random(WeightTotal) < Weight;
    }
}
