using Flotilla.Cel.Checking;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Syntax;

/// <summary>
/// A node of the syntax tree. <see cref="Offset"/> is where errors about it point, in UTF-16 units. The checker fills in
/// <see cref="Type"/> and what names refer to; after that a tree does not change.
/// </summary>
internal abstract class Expression(int offset)
{
    public int Offset => offset;

    public CelType Type { get; set; } = CelType.Dyn;

    /// <summary>How many nodes the tree has.</summary>
    public abstract long Weight { get; }

    /// <summary>A tree of its own: a macro that uses an argument twice must not share nodes.</summary>
    public abstract Expression Copy();
}

internal sealed class Literal(int offset, CelValue value) : Expression(offset)
{
    public CelValue Value => value;

    public override long Weight { get; } = 1;

    public override Expression Copy() => new Literal(Offset, value);
}

internal sealed class Identifier(int offset, string name) : Expression(offset)
{
    public string Name => name;

    /// <summary>Set when the name is that of a type.</summary>
    public TypeValue? NamedType { get; set; }

    /// <summary>Set when the name is bound by a comprehension around it.</summary>
    public bool IsLocal { get; set; }

    public override long Weight { get; } = 1;

    public override Expression Copy() => new Identifier(Offset, name);
}

internal sealed class Select(int offset, Expression operand, string fieldName, bool testOnly = false) : Expression(offset)
{
    public Expression Operand => operand;

    public string Field => fieldName;

    /// <summary>Asks whether the field is there instead of reading it.</summary>
    public bool TestOnly => testOnly;

    /// <summary>Set when the whole dotted name is one declared name.</summary>
    public Identifier? Resolved { get; set; }

    public override long Weight { get; } = 1 + operand.Weight;

    public override Expression Copy() => new Select(Offset, operand.Copy(), fieldName, testOnly);
}

internal sealed class Call(int offset, string function, Expression? target, IReadOnlyList<Expression> arguments) : Expression(offset)
{
    public string Function { get; set; } = function;

    public Expression? Target { get; set; } = target;

    public IReadOnlyList<Expression> Arguments => arguments;

    /// <summary>The overloads whose types fit; exactly one when the types are known.</summary>
    public IReadOnlyList<Overload> Overloads { get; set; } = [];

    public override long Weight { get; } = 1 + (target?.Weight ?? 0) + arguments.Sum(argument => argument.Weight);

    public override Expression Copy() =>
        new Call(Offset, Function, Target?.Copy(), [.. arguments.Select(argument => argument.Copy())]);
}

internal sealed class CreateList(int offset, IReadOnlyList<Expression> items, IReadOnlySet<int> optional) : Expression(offset)
{
    private static readonly HashSet<int> NoneOptional = [];

    public CreateList(int offset, params Expression[] items)
        : this(offset, items, NoneOptional)
    {
    }

    public IReadOnlyList<Expression> Items => items;

    public IReadOnlySet<int> Optional => optional;

    public override long Weight { get; } = 1 + items.Sum(item => item.Weight);

    public override Expression Copy() => new CreateList(Offset, [.. items.Select(item => item.Copy())], optional);
}

internal sealed record MapEntry(int Offset, Expression Key, Expression Value, bool IsOptional);

internal sealed class CreateMap(int offset, IReadOnlyList<MapEntry> entries) : Expression(offset)
{
    public IReadOnlyList<MapEntry> Entries => entries;

    public override long Weight { get; } = 1 + entries.Sum(entry => entry.Key.Weight + entry.Value.Weight);

    public override Expression Copy() =>
        new CreateMap(Offset, [.. entries.Select(entry => entry with { Key = entry.Key.Copy(), Value = entry.Value.Copy() })]);
}

internal sealed record FieldEntry(int Offset, string Name, Expression Value, bool IsOptional);

internal sealed class CreateObject(int offset, string typeName, IReadOnlyList<FieldEntry> fields) : Expression(offset)
{
    public string TypeName => typeName;

    public IReadOnlyList<FieldEntry> Fields => fields;

    public override long Weight { get; } = 1 + fields.Sum(field => field.Value.Weight);

    public override Expression Copy() =>
        new CreateObject(Offset, typeName, [.. fields.Select(field => field with { Value = field.Value.Copy() })]);
}
