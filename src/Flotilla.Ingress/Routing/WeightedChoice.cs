namespace Flotilla.Ingress.Routing;

/// <summary>One of several backends, each as often as its weight says.</summary>
internal static class WeightedChoice
{
    /// <param name="random">A number from 0 to below the given one.</param>
    public static WeightedBackend? For(IReadOnlyList<WeightedBackend> backends, Func<int, int> random)
    {
        if (backends.Count <= 1)
        {
            return backends is [{ Weight: > 0 } only] ? only : null;
        }

        var total = 0;
        foreach (var backend in backends)
        {
            total += backend.Weight;
        }

        if (total == 0)
        {
            return null;
        }

        var drawn = random(total);
        foreach (var backend in backends)
        {
            drawn -= backend.Weight;
            if (drawn < 0)
            {
                return backend;
            }
        }

        return null;
    }
}
