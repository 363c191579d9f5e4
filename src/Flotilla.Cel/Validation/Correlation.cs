using System.Text.Json.Nodes;

namespace Flotilla.Cel.Validation;

/// <summary>
/// A value and the old value it took the place of. <see cref="Excused"/> says whether nothing has changed: then an object
/// that was stored before a rule existed may keep violating it.
/// </summary>
internal sealed class Correlation
{
    public static readonly Correlation None = new(null, () => false);

    private readonly Lazy<bool> excused;

    private Correlation(Correlation? above, Func<bool> excused)
    {
        Above = above ?? this;
        this.excused = new Lazy<bool>(excused, isThreadSafe: false);
    }

    public bool Excused => excused.Value;

    /// <summary>That of the nearest value above; the root is its own.</summary>
    public Correlation Above { get; }

    public static Correlation OfRoot(JsonNode value, JsonNode? old) =>
        old is null ? None : new Correlation(null, () => JsonNode.DeepEquals(value, old));

    /// <summary>For a value below: without an old one of its own, what excuses this excuses it.</summary>
    public Correlation Below(JsonNode? value, JsonNode? old) =>
        new(this, old is null ? () => Excused : () => JsonNode.DeepEquals(value, old));
}
