using System.Text;

namespace Flotilla.Server.Fairness;

/// <summary>Deals each flow a small hand of queues: a flood fills its own hand, and hardly any other flow has the same one. Pure.</summary>
internal static class ShuffleSharding
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    public static ulong Hash(string schema, string flow)
    {
        var hash = FnvOffset;
        foreach (var part in (ReadOnlySpan<string>)[schema, "\0", flow])
        {
            foreach (var octet in Encoding.UTF8.GetBytes(part))
            {
                hash = (hash ^ octet) * FnvPrime;
            }
        }

        return hash;
    }

    /// <summary>Distinct queue numbers below <paramref name="queues"/>, always the same for a hash.</summary>
    public static void Deal(ulong hash, int queues, Span<int> hand)
    {
        for (var dealt = 0; dealt < hand.Length; dealt++)
        {
            var remaining = (ulong)(queues - dealt);
            var card = (int)(hash % remaining);
            hash /= remaining;

            // The n-th card of those left: skip the ones dealt before, which are kept sorted in front.
            var taken = hand[..dealt];
            taken.Sort();
            foreach (var before in taken)
            {
                card += card >= before ? 1 : 0;
            }

            hand[dealt] = card;
        }
    }
}
