using System.Net;

namespace Flotilla.Network.Dns;

/// <summary>The machine's own resolvers.</summary>
public static class ResolvConf
{
    /// <summary>Those that are listed, without <paramref name="ourselves"/>: asking ourselves would go round in circles.</summary>
    public static IReadOnlyList<IPAddress> Nameservers(string text, IReadOnlySet<IPAddress> ourselves) =>
        [.. text.Split('\n')
            .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["nameserver", _, ..])
            .Select(words => IPAddress.TryParse(words[1], out var address) ? address : null)
            .OfType<IPAddress>()
            .Where(address => !ourselves.Contains(address))
            .Distinct()];

    public static async Task<IReadOnlyList<IPAddress>> ReadAsync(string path, IReadOnlySet<IPAddress> ourselves, CancellationToken cancellationToken)
    {
        try
        {
            return Nameservers(await File.ReadAllTextAsync(path, cancellationToken), ourselves);
        }
        catch (IOException)
        {
            // A machine without the file has no resolvers; its pods then resolve only cluster names.
            return [];
        }
    }
}
