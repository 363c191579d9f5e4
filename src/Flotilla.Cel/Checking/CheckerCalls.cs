using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Checking;

/// <summary>Overload resolution.</summary>
internal sealed partial class Checker
{
    private CelType VisitCall(Call call, Scope? scope)
    {
        if (call.Function == Operators.OptionalSelect)
        {
            return VisitOptionalSelect(call, scope);
        }
        foreach (var argument in call.Arguments)
        {
            Visit(argument, scope);
        }
        return call.Target is null ? Resolve(call) : VisitMemberCall(call, scope);
    }

    private CelType VisitMemberCall(Call call, Scope? scope)
    {
        if (DottedName(call.Target!, scope) is { } qualifier && declarations.Functions.Find($"{qualifier.TrimStart('.')}.{call.Function}") is not null)
        {
            call.Function = $"{qualifier.TrimStart('.')}.{call.Function}";
            call.Target = null;
            return Resolve(call);
        }
        Visit(call.Target!, scope);
        return Resolve(call);
    }

    private CelType Resolve(Call call)
    {
        var name = call.Function.TrimStart('.');
        if (declarations.Functions.Find(name) is not { } overloads)
        {
            return Fail(call.Offset, $"undeclared reference to '{name}' (in container '')");
        }
        call.Function = name;
        List<CelType> types = [.. (call.Target is null ? call.Arguments : [call.Target, .. call.Arguments]).Select(argument => argument.Type)];
        var result = Match(call, overloads, types);
        return result ?? Fail(
            call.Offset, $"found no matching overload for '{name}' applied to '{TypeText.Call([.. types.Select(Known)], call.Target is not null)}'");
    }

    private CelType Known(CelType type) => agreement.Substitute(type, unknownIsDyn: false);

    private CelType? Match(Call call, IReadOnlyList<Overload> overloads, List<CelType> types)
    {
        CelType? result = null;
        List<Overload> matching = [];
        foreach (var overload in overloads.Where(overload => overload.IsMember == call.Target is not null))
        {
            var renamed = new Dictionary<string, CelType>(StringComparer.Ordinal);
            if (!agreement.IsAssignable([.. overload.Arguments.Select(type => agreement.Instantiate(type, renamed))], types))
            {
                continue;
            }
            matching.Add(overload);
            var found = agreement.Substitute(agreement.Instantiate(overload.Result, renamed), unknownIsDyn: false);
            result = result is null || result.Equals(found) ? found : CelType.Dyn;
        }
        call.Overloads = matching;
        return result;
    }

    private CelType VisitOptionalSelect(Call call, Scope? scope)
    {
        var operand = Known(Visit(call.Arguments[0], scope));
        var literal = (Literal)call.Arguments[1];
        Visit(literal, scope);
        var field = FieldOf(operand, ((StringValue)literal.Value).Value, call.Offset);
        call.Overloads = declarations.Functions.Find(Operators.OptionalSelect) ?? [];
        return field.IsOptional ? field : CelType.Optional(field);
    }
}
