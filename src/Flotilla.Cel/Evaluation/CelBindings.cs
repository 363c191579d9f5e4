using Flotilla.Cel.Values;

namespace Flotilla.Cel;

/// <summary>
/// The values of an evaluation's variables. A value given as a function is made at its first use and kept. One instance
/// belongs to one evaluation at a time.
/// </summary>
public sealed class CelBindings
{
    private readonly Dictionary<string, Lazy<CelValue>> values = new(StringComparer.Ordinal);

    public CelBindings Set(string variable, CelValue value) => Set(variable, () => value);

    public CelBindings Set(string variable, Func<CelValue> value)
    {
        values[variable] = new Lazy<CelValue>(value, isThreadSafe: false);
        return this;
    }

    internal CelValue? Find(string variable) => values.TryGetValue(variable, out var value) ? value.Value : null;
}
