using Flotilla.Cel.Evaluation;
using Flotilla.Cel.Values;

namespace Flotilla.Cel;

/// <summary>A compiled expression. Immutable: keep it, and evaluate it from any thread.</summary>
public sealed class CelProgram
{
    /// <summary>What Kubernetes lets one evaluation cost: about a tenth of a second.</summary>
    public const ulong PerCallLimit = 1_000_000;

    private readonly Node root;
    private readonly int locals;

    internal CelProgram(Node root, int locals)
    {
        this.root = root;
        this.locals = locals;
    }

    /// <summary>Evaluates with the given variables until <paramref name="costLimit"/> is passed.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled between two steps of a loop.</exception>
    public EvalResult Evaluate(CelBindings bindings, ulong costLimit = PerCallLimit, CancellationToken cancellationToken = default)
    {
        var frame = new Frame(bindings, locals, costLimit, cancellationToken);
        try
        {
            var value = root.Evaluate(frame);
            return value is ErrorValue error ? new EvalResult(null, error.Message, frame.Cost) : new EvalResult(value, null, frame.Cost);
        }
        catch (CostExceededException)
        {
            return new EvalResult(null, EvalResult.CostExceeded, frame.Cost);
        }
    }
}
