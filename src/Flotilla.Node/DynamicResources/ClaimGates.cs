using Flotilla.Api;

namespace Flotilla.Node.DynamicResources;

/// <summary>One pod at a time for a claim: what one makes ready another must not put away meanwhile. Claims may share a gate.</summary>
internal sealed class ClaimGates : IDisposable
{
    private readonly SemaphoreSlim[] gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];

    /// <returns>Opens them again.</returns>
    public async Task<IDisposable> EnterAsync(IEnumerable<ObjectKey> claims, CancellationToken cancellationToken)
    {
        var entered = new Entered();
        try
        {
            // Always in the same order, or two would wait for each other.
            foreach (var index in claims.Select(key => (uint)key.GetHashCode() % (uint)gates.Length).Distinct().Order())
            {
                await gates[index].WaitAsync(cancellationToken);
                entered.Add(gates[index]);
            }
            return entered;
        }
        catch
        {
            entered.Dispose();
            throw;
        }
    }

    public void Dispose() => Array.ForEach(gates, gate => gate.Dispose());

    private sealed class Entered : IDisposable
    {
        private readonly List<SemaphoreSlim> open = [];

        public void Add(SemaphoreSlim gate) => open.Add(gate);

        public void Dispose() => open.ForEach(gate => gate.Release());
    }
}
