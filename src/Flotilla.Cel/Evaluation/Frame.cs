using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>The state of one evaluation: bound names, the cost so far, and when to stop.</summary>
internal sealed class Frame(CelBindings bindings, int locals, ulong limit, CancellationToken cancellationToken)
{
    public ulong Cost { get; private set; }

    public CelValue?[] Locals { get; } = new CelValue?[locals];

    /// <summary>How to make a local that is not there yet: bindings are evaluated at their first use.</summary>
    public Node?[] Pending { get; } = new Node?[locals];

    public CelValue? Variable(string name) => bindings.Find(name);

    /// <exception cref="CostExceededException">The limit is passed.</exception>
    public void Charge(ulong cost)
    {
        Cost = ulong.MaxValue - Cost < cost ? ulong.MaxValue : Cost + cost;
        if (Cost > limit)
        {
            throw new CostExceededException();
        }
    }

    public void StopIfCancelled() => cancellationToken.ThrowIfCancellationRequested();
}

/// <summary>An evaluation went over its limit. Never leaves it.</summary>
internal sealed class CostExceededException : Exception;
