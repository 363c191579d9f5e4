using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;

namespace Flotilla.Cel.Checking;

/// <summary>Lists, maps, objects and loops.</summary>
internal sealed partial class Checker
{
    private CelType VisitList(CreateList list, Scope? scope)
    {
        CelType? element = null;
        for (var i = 0; i < list.Items.Count; i++)
        {
            var type = Unwrap(Visit(list.Items[i], scope), list.Optional.Contains(i), list.Items[i].Offset);
            element = Join(element, type, list.Items[i].Offset);
        }
        return CelType.List(element ?? agreement.NewParameter());
    }

    private CelType VisitMap(CreateMap map, Scope? scope)
    {
        CelType? key = null;
        CelType? value = null;
        foreach (var entry in map.Entries)
        {
            key = Join(key, Visit(entry.Key, scope), entry.Key.Offset);
            value = Join(value, Unwrap(Visit(entry.Value, scope), entry.IsOptional, entry.Value.Offset), entry.Value.Offset);
        }
        return CelType.Map(key ?? agreement.NewParameter(), value ?? agreement.NewParameter());
    }

    private CelType VisitObject(CreateObject instance, Scope? scope)
    {
        var type = declarations.NamedType(instance.TypeName.TrimStart('.'))?.Named;
        if (type is null)
        {
            type = Fail(instance.Offset, $"undeclared reference to '{instance.TypeName}' (in container '')");
        }
        else if (type.Kind != CelKind.Object)
        {
            type = Fail(instance.Offset, $"'{Text(type)}' is not a message type");
        }
        foreach (var entry in instance.Fields)
        {
            VisitField(type, entry, scope);
        }
        return type;
    }

    private void VisitField(CelType type, FieldEntry entry, Scope? scope)
    {
        var value = Unwrap(Visit(entry.Value, scope), entry.IsOptional, entry.Value.Offset);
        if (type.Kind != CelKind.Object)
        {
            return;
        }
        if (type.FieldNamed(entry.Name) is not { } field)
        {
            Fail(entry.Offset, $"undefined field '{entry.Name}'");
        }
        else if (!agreement.IsAssignable(field, value))
        {
            Fail(entry.Offset, $"expected type of field '{entry.Name}' is '{Text(field)}' but provided type is '{Text(value)}'");
        }
    }

    /// <summary>The literals of one list or map must agree; only dyn takes anything.</summary>
    private CelType Join(CelType? before, CelType type, int offset)
    {
        if (before is null)
        {
            return type;
        }
        if (agreement.IsAssignable(before, type))
        {
            return TypeAgreement.MostGeneral(before, type);
        }
        Fail(offset, $"expected type '{Text(before)}' but found '{Text(type)}'");
        return before;
    }

    private CelType Unwrap(CelType type, bool isOptional, int offset)
    {
        var known = Known(type);
        if (!isOptional || known.IsDynOrError)
        {
            return type;
        }
        return known.IsOptional ? known.Parameters[0]
            : Fail(offset, $"expected type '{CelType.Optional(known)}' but found '{known}'");
    }

    private CelType VisitComprehension(Comprehension loop, Scope? scope)
    {
        var (first, second) = Elements(Known(Visit(loop.Range, scope)), loop);
        var accumulator = Visit(loop.Initial, scope);
        var outer = new Scope(scope, loop.Accumulator, accumulator);
        var inner = loop.SecondVariable is null ? new Scope(outer, loop.Variable, first)
            : new Scope(new Scope(outer, loop.Variable, first), loop.SecondVariable, second);
        Require(CelType.Bool, Visit(loop.Condition, inner), loop.Condition.Offset);
        Require(accumulator, Visit(loop.Step, inner), loop.Step.Offset);
        return Known(Visit(loop.Result, outer));
    }

    /// <summary>The types of the variables: index or key first and element second, or the one variable in both places.</summary>
    private (CelType First, CelType Second) Elements(CelType range, Comprehension loop)
    {
        var two = loop.SecondVariable is not null;
        switch (range.Kind)
        {
            case CelKind.List:
                return (two ? CelType.Int : range.Parameters[0], range.Parameters[0]);
            case CelKind.Map:
                return (range.Parameters[0], range.Parameters[1]);
            case CelKind.Dyn or CelKind.Error or CelKind.TypeParameter:
                return (CelType.Dyn, CelType.Dyn);
            default:
                Fail(loop.Range.Offset, $"expression of type '{Text(range)}' cannot be range of a comprehension (must be list, map, or dynamic)");
                return (CelType.Error, CelType.Error);
        }
    }

    private void Require(CelType expected, CelType found, int offset)
    {
        if (!agreement.IsAssignable(expected, found))
        {
            Fail(offset, $"expected type '{Text(expected)}' but found '{Text(found)}'");
        }
    }
}
