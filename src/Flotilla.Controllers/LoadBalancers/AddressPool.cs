using System.Net;
using System.Net.Sockets;
using Flotilla.Api.Networks;

namespace Flotilla.Controllers.LoadBalancers;

/// <summary>Addresses to give away: networks, ranges and single ones, of both families.</summary>
public sealed class AddressPool
{
    private readonly IReadOnlyList<Range> ranges;

    private AddressPool(IReadOnlyList<Range> ranges) => this.ranges = ranges;

    public static AddressPool Empty { get; } = new([]);

    public bool IsEmpty => ranges.Count == 0;

    /// <param name="text">Like <c>10.0.0.100-10.0.0.120,10.1.0.0/28,fd00::7</c>.</param>
    /// <exception cref="FormatException">With the part that is wrong.</exception>
    public static AddressPool Parse(string text) =>
        new([.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Range.Parse)]);

    public bool Has(AddressFamily family) => ranges.Any(range => range.Family == family);

    public bool Contains(IPAddress address) => ranges.Any(range => range.First <= AddressNumber.Of(address) && AddressNumber.Of(address) <= range.Last);

    /// <summary>The lowest address that is free.</summary>
    /// <returns>null: none is.</returns>
    public IPAddress? Next(AddressFamily family, Predicate<IPAddress> isFree)
    {
        foreach (var range in ranges.Where(range => range.Family == family))
        {
            for (var number = range.First; ; number++)
            {
                var address = AddressNumber.ToAddress(number);
                if (isFree(address))
                {
                    return address;
                }

                if (number == range.Last)
                {
                    break;
                }
            }
        }

        return null;
    }

    private readonly record struct Range(UInt128 First, UInt128 Last, AddressFamily Family)
    {
        public static Range Parse(string text)
        {
            if (IPNetwork.TryParse(text, out var network))
            {
                var bits = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
                var first = AddressNumber.Of(network.BaseAddress);
                var free = bits - network.PrefixLength;
                return new Range(first, free == 128 ? UInt128.MaxValue : first + (UInt128.One << free) - 1, network.BaseAddress.AddressFamily);
            }

            var ends = text.Split('-', StringSplitOptions.TrimEntries);
            return ends.Length <= 2 && IPAddress.TryParse(ends[0], out var low) && IPAddress.TryParse(ends[^1], out var high)
                && low.AddressFamily == high.AddressFamily && AddressNumber.Of(low) <= AddressNumber.Of(high)
                    ? new Range(AddressNumber.Of(low), AddressNumber.Of(high), low.AddressFamily)
                    : throw new FormatException($"{text} is neither a network like 10.0.0.96/28 nor a range like 10.0.0.100-10.0.0.120 nor an address");
        }
    }
}
