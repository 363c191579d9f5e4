using Flotilla.Cel.Schemas;

namespace Flotilla.Cel.Validation;

/// <summary>The compiled rules of one node of a schema and of all below it; nodes without any are left out. Immutable.</summary>
internal sealed class RuleNode
{
    public required StructuralSchema Schema { get; init; }

    public required IReadOnlyList<CompiledRule> Rules { get; init; }

    public RuleNode? Items { get; set; }

    public RuleNode? AdditionalProperties { get; set; }

    public Dictionary<string, RuleNode> Properties { get; } = new(StringComparer.Ordinal);

    /// <summary>Rules in allOf apply to the same value; they are only excused when the value around it has not changed.</summary>
    public List<RuleNode> AllOf { get; } = [];

    public bool IsEmpty => Rules.Count == 0 && Items is null && AdditionalProperties is null && Properties.Count == 0 && AllOf.Count == 0;
}
