using Flotilla.Ingress.Policies;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>Headers that every request or every answer gets: lines like <c>Name: value</c>.</summary>
internal static class HeaderFeature
{
    public static void Read(Annotations annotations, IngressSettings settings)
    {
        Add(annotations, settings, "request-headers", ofRequest: true);
        Add(annotations, settings, "response-headers", ofRequest: false);
    }

    private static void Add(Annotations annotations, IngressSettings settings, string name, bool ofRequest)
    {
        List<Header> headers = [];
        foreach (var line in annotations.Text(name)?.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !IsName(line[..colon]) || line.Any(char.IsControl))
            {
                annotations.Refuse(name, $"\"{line}\" is not a header like Name: value");
                continue;
            }

            headers.Add(new Header(line[..colon], line[(colon + 1)..].Trim()));
        }

        if (headers.Count > 0)
        {
            settings.Changes.Add(new HeaderChange(ofRequest, headers, [], []));
        }
    }

    private static bool IsName(string name) => name.All(letter => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal));
}
