using System.Globalization;
using Flotilla.Api.Quantities;

namespace Flotilla.Node.NumaMemory;

/// <summary>What is kept of each NUMA node's memory for the machine, written as <c>0:memory=1Gi,hugepages-2Mi=4Mi;1:memory=1Gi</c>.</summary>
public sealed record MemoryReserve(IReadOnlyDictionary<(int Node, string Resource), long> Bytes)
{
    public long Of(int node, string resource) => Bytes.GetValueOrDefault((node, resource));

    /// <exception cref="FormatException">The text does not have that form.</exception>
    public static MemoryReserve Parse(string text)
    {
        var bytes = new Dictionary<(int, string), long>();
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (node, amounts) = part.Split(':', 2) is [var number, var list] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? (at, list) : throw Wrong(text);
            foreach (var amount in amounts.Split(',', StringSplitOptions.TrimEntries))
            {
                if (amount.Split('=', 2) is not [var resource, var quantity] || (resource != "memory" && !resource.StartsWith("hugepages-", StringComparison.Ordinal))
                    || !Quantity.TryParse(quantity, out var value, out _) || !bytes.TryAdd((node, resource), (long)(value.MilliValue / 1000)))
                {
                    throw Wrong(text);
                }
            }
        }

        return bytes.Count > 0 ? new MemoryReserve(bytes) : throw Wrong(text);
    }

    private static FormatException Wrong(string text) => new($"\"{text}\" does not tell what of each NUMA node's memory is kept; write for example 0:memory=1Gi;1:memory=1Gi");
}
