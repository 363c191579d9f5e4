namespace Flotilla.Cel.Types;

/// <summary>
/// What the type parameters of one compilation stand for so far, and whether one type can take the place of another.
/// A failed attempt leaves no trace. Not thread-safe: one per compilation.
/// </summary>
internal sealed class TypeAgreement
{
    private readonly Dictionary<string, CelType> bound = new(StringComparer.Ordinal);
    private readonly Stack<(string Name, CelType? Before)> undo = new();
    private int fresh;

    public CelType NewParameter() => CelType.Parameter($"_var{fresh++}");

    public bool IsAssignable(CelType target, CelType value) => IsAssignable([target], [value]);

    public bool IsAssignable(IReadOnlyList<CelType> targets, IReadOnlyList<CelType> values)
    {
        undo.Clear();
        if (targets.Count == values.Count && All(targets, values))
        {
            return true;
        }
        while (undo.TryPop(out var change))
        {
            if (change.Before is null)
            {
                bound.Remove(change.Name);
            }
            else
            {
                bound[change.Name] = change.Before;
            }
        }
        return false;
    }

    /// <summary>Puts what is known in place of type parameters; what is not known becomes dyn when asked for.</summary>
    public CelType Substitute(CelType type, bool unknownIsDyn)
    {
        if (type.Kind == CelKind.TypeParameter)
        {
            return bound.TryGetValue(type.Name, out var found) ? Substitute(found, unknownIsDyn)
                : unknownIsDyn ? CelType.Dyn : type;
        }
        return type.Parameters.Count == 0 ? type
            : type.WithParameters([.. type.Parameters.Select(parameter => Substitute(parameter, unknownIsDyn))]);
    }

    /// <summary>The same type with every parameter of a declaration renamed to one of this compilation.</summary>
    public CelType Instantiate(CelType type, Dictionary<string, CelType> renamed)
    {
        if (type.Kind == CelKind.TypeParameter)
        {
            return renamed.TryGetValue(type.Name, out var known) ? known : renamed[type.Name] = NewParameter();
        }
        return type.Parameters.Count == 0 ? type
            : type.WithParameters([.. type.Parameters.Select(parameter => Instantiate(parameter, renamed))]);
    }

    public static CelType MostGeneral(CelType left, CelType right) => IsEqualOrLessSpecific(left, right) ? left : right;

    private bool All(IReadOnlyList<CelType> targets, IReadOnlyList<CelType> values)
    {
        for (var i = 0; i < targets.Count; i++)
        {
            if (!Agree(targets[i], values[i]))
            {
                return false;
            }
        }
        return true;
    }

    private bool Agree(CelType target, CelType value)
    {
        if (value.Kind == CelKind.TypeParameter)
        {
            var (valid, known) = Bind(target, value);
            if (valid || known)
            {
                return valid;
            }
        }
        if (target.Kind == CelKind.TypeParameter)
        {
            return Bind(value, target).Valid;
        }
        return target.IsDynOrError || value.IsDynOrError || AgreeConcretely(target, value);
    }

    private bool AgreeConcretely(CelType target, CelType value) => (target.Kind, value.Kind) switch
    {
        (CelKind.Null, _) => IsNullable(value),
        (_, CelKind.Null) => IsNullable(target),
        (CelKind.Type, CelKind.Type) => true,
        (CelKind.Opaque or CelKind.List or CelKind.Map, _) => target.Kind == value.Kind
            && string.Equals(target.Name, value.Name, StringComparison.Ordinal)
            && target.Parameters.Count == value.Parameters.Count && All(target.Parameters, value.Parameters),
        _ => target.Equals(value),
    };

    private (bool Valid, bool Known) Bind(CelType type, CelType parameter)
    {
        if (type.Equals(parameter))
        {
            return (true, true);
        }
        if (bound.TryGetValue(parameter.Name, out var before))
        {
            return (type.Equals(before) || Widen(type, parameter, before), true);
        }
        if (Occurs(parameter.Name, type))
        {
            return (false, false);
        }
        Set(parameter.Name, type);
        return (true, false);
    }

    private bool Widen(CelType type, CelType parameter, CelType before)
    {
        if (!Agree(type, before))
        {
            return false;
        }
        var wider = MostGeneral(type, before);
        if (!Occurs(parameter.Name, wider))
        {
            Set(parameter.Name, wider);
        }
        return true;
    }

    private void Set(string name, CelType type)
    {
        undo.Push((name, bound.GetValueOrDefault(name)));
        bound[name] = type;
    }

    private bool Occurs(string parameter, CelType type) =>
        type.Kind == CelKind.TypeParameter
            ? string.Equals(type.Name, parameter, StringComparison.Ordinal)
                || (bound.TryGetValue(type.Name, out var stands) && Occurs(parameter, stands))
            : type.Parameters.Any(inner => Occurs(parameter, inner));

    private static bool IsNullable(CelType type) =>
        type.Kind is CelKind.Null or CelKind.Object or CelKind.Opaque or CelKind.Timestamp or CelKind.Duration;

    private static bool IsEqualOrLessSpecific(CelType left, CelType right) => (left.Kind, right.Kind) switch
    {
        (CelKind.Dyn or CelKind.Error or CelKind.TypeParameter, _) => true,
        (_, CelKind.Dyn or CelKind.Error or CelKind.TypeParameter) => false,
        _ when left.Kind != right.Kind => false,
        (CelKind.Type, _) => true,
        _ => string.Equals(left.Name, right.Name, StringComparison.Ordinal) && left.Parameters.Count == right.Parameters.Count
            && left.Parameters.Zip(right.Parameters).All(pair => IsEqualOrLessSpecific(pair.First, pair.Second)),
    };
}
