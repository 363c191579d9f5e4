using System.Net;
using System.Net.Sockets;
using Flotilla.Api.Networks;

namespace Flotilla.Local;

/// <summary>The addresses of pods and of services: a range of one family each, or of both. Pure.</summary>
internal static class ClusterRanges
{
    private const string Pods = "--pod-cidr";
    private const string Services = "--service-cidr";
    private const string Example = "10.244.0.0/16";
    private const string Example6 = "fd00:10:244::/56";

    /// <exception cref="UserError">A value that cannot work, with the flag's name.</exception>
    public static void Validate(string pods, string services)
    {
        // Each node gets a /24 or a /64; of those an IPv6 range may hold 65536.
        var podFamilies = Check(Pods, pods, (0, 24), (48, 64));
        var serviceFamilies = Check(Services, services, (0, 28), (64, 124));
        if (!podFamilies.SequenceEqual(serviceFamilies))
        {
            throw new UserError($"{Pods} has {Text(podFamilies)} and {Services} {Text(serviceFamilies)}: both must have the same families, in the same order.");
        }
    }

    /// <summary>A cluster that is there keeps its families, since its nodes keep their ranges.</summary>
    /// <exception cref="UserError">Others are wanted.</exception>
    public static void CheckFamilies(ClusterSettings wanted, ClusterSettings there)
    {
        var (families, own) = (FamiliesOf(wanted.PodCidr), FamiliesOf(there.PodCidr));
        if (!families.Contains(null) && !families.SequenceEqual(own))
        {
            throw new UserError($"The cluster in {there.DataDirectory} was made with {Text(own.OfType<AddressFamily>())} ({Pods} {there.PodCidr}), and its nodes keep their ranges for life: {wanted.PodCidr} is for a new cluster. Remove this one with 'flotilla down --purge', or make another beside it with --name.");
        }
    }

    /// <summary>What goes with a range that was told alone: of the same families, in the same order.</summary>
    /// <param name="told">null, or nonsense: nothing is to go with it.</param>
    /// <param name="known">Whose ranges hold where they have the family.</param>
    public static string Matching(string? told, string known, string usual, string usual6)
    {
        var families = FamiliesOf(told ?? "");
        var all = known.Split(',').Append(usual).Append(usual6).ToList();
        return families.Contains(null) ? known : string.Join(',', families.Select(family => all.First(one => FamilyOf(one) == family)));
    }

    public static bool HaveVersion6(string ranges) => ranges.Split(',').Any(one => FamilyOf(one) == AddressFamily.InterNetworkV6);

    private static List<AddressFamily> Check(string flag, string value, (int Shortest, int Longest) prefix, (int Shortest, int Longest) prefix6)
    {
        List<AddressFamily> families = [];
        foreach (var text in value.Split(','))
        {
            if (!IPNetwork.TryParse(text, out var network))
            {
                throw new UserError($"{flag} {value} must be a network like {Example}, or one of each family like {Example},{Example6}.");
            }

            families.Add(network.BaseAddress.AddressFamily);
            var (shortest, longest) = IsVersion6(families[^1]) ? prefix6 : prefix;
            if (network.PrefixLength < shortest || network.PrefixLength > longest)
            {
                throw new UserError($"{flag} {text}: an {Text(families[^1..])} network must be {(shortest == 0 ? $"of at most /{longest}" : $"between /{shortest} and /{longest}")}, like {(IsVersion6(families[^1]) ? flag == Pods ? Example6 : "fd00:10:96::/112" : Example)}.");
            }
        }

        return families.Count > 2 || families.Distinct().Count() < families.Count
            ? throw new UserError($"{flag} {value} has {(families.Count > 2 ? "more than two networks" : $"two {Text(families[..1])} networks")}; there may be one of each family, like {Example},{Example6}.")
            : families;
    }

    private static List<AddressFamily?> FamiliesOf(string ranges) => [.. ranges.Split(',').Select(FamilyOf)];

    private static AddressFamily? FamilyOf(string range) => IPNetwork.TryParse(range, out var network) ? network.BaseAddress.AddressFamily : null;

    private static bool IsVersion6(AddressFamily family) => family == AddressFamily.InterNetworkV6;

    private static string Text(IEnumerable<AddressFamily> families) => string.Join(" and ", families.Select(family => IsVersion6(family) ? "IPv6" : "IPv4"));
}
