using System.Globalization;

namespace Flotilla.Storage;

/// <summary>
/// The number of a successful write; clients see it as <c>resourceVersion</c>. Each write of a store has its own,
/// one more than the write before it. An empty store is at <see cref="First"/>.
/// </summary>
public readonly record struct Revision(long Value) : IComparable<Revision>
{
    /// <summary>Before the first write. Not 0, which has a meaning of its own in the API.</summary>
    public static readonly Revision First = new(1);

    public Revision Next => new(Value + 1);

    public int CompareTo(Revision other) => Value.CompareTo(other.Value);

    public static bool operator <(Revision left, Revision right) => left.Value < right.Value;

    public static bool operator >(Revision left, Revision right) => left.Value > right.Value;

    public static bool operator <=(Revision left, Revision right) => left.Value <= right.Value;

    public static bool operator >=(Revision left, Revision right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
