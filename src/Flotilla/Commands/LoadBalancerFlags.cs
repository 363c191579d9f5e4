using System.CommandLine;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>The flags of services of type LoadBalancer.</summary>
internal sealed class LoadBalancerFlags
{
    private readonly Option<bool?> none = new("--no-load-balancer") { Description = "Leave services of type LoadBalancer to somebody else." };
    private readonly Option<string?> pool = new("--load-balancer-pool") { Description = "Addresses for services of type LoadBalancer, like 10.0.0.100-10.0.0.120,10.1.0.0/28; empty: the nodes' own." };

    public IReadOnlyList<Option> All => [none, pool];

    public LoadBalancerSettings Read(ParseResult flags, LoadBalancerSettings known) => known with
    {
        Enabled = flags.GetValue(none) is { } off ? !off : known.Enabled,
        Pool = flags.GetValue(pool) switch
        {
            null => known.Pool,
            "" => null,
            var text => text,
        },
    };
}
