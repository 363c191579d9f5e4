using Flotilla.Ingress.Policies;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>Which clients may come in at all. A list that cannot be read lets nobody in: the safe half of a mistake.</summary>
internal static class SourceRangeFeature
{
    public static void Read(Annotations annotations, IngressSettings settings)
    {
        string[] names = ["allowlist-source-range", "whitelist-source-range"];
        var allowed = names.Select(annotations.Networks).ToList();
        var denied = annotations.Networks("denylist-source-range");
        if (allowed.Contains(null) || denied is null)
        {
            settings.Steps.Add(new SourceRanges([], [System.Net.IPNetwork.Parse("0.0.0.0/0"), System.Net.IPNetwork.Parse("::/0")]));
        }
        else if (allowed.Any(list => list!.Count > 0) || denied.Count > 0)
        {
            settings.Steps.Add(new SourceRanges([.. allowed.SelectMany(list => list!)], denied));
        }
    }
}
