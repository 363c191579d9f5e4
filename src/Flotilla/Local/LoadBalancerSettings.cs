using Flotilla.Controllers.LoadBalancers;

namespace Flotilla.Local;

/// <summary>Where services of type LoadBalancer get their addresses.</summary>
internal sealed record LoadBalancerSettings
{
    public bool Enabled { get; init; } = true;

    /// <summary>Like <c>10.0.0.100-10.0.0.120,10.1.0.0/28</c>; null: they are reached at the nodes' own addresses.</summary>
    public string? Pool { get; init; }

    /// <exception cref="UserError">The pool cannot be read.</exception>
    public AddressPool Addresses()
    {
        try
        {
            return AddressPool.Parse(Pool ?? "");
        }
        catch (FormatException wrong)
        {
            throw new UserError($"--load-balancer-pool: {wrong.Message}.");
        }
    }

    /// <exception cref="UserError">The pool cannot be read.</exception>
    public void Validate() => Addresses();
}
