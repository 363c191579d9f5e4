using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Checking;

/// <summary>
/// Gives every node of a tree its type and every call its overloads, or says why there is none. One use, one thread; goes on
/// after an error so that all are reported.
/// </summary>
internal sealed partial class Checker(Declarations declarations)
{
    private readonly TypeAgreement agreement = new();
    private readonly List<(int Offset, string Message)> errors = [];
    private readonly List<Expression> visited = [];

    /// <returns>The errors in the order of their places; empty when the tree is sound.</returns>
    public List<(int Offset, string Message)> Check(Expression root)
    {
        Visit(root, null);
        foreach (var node in visited)
        {
            node.Type = agreement.Substitute(node.Type, unknownIsDyn: true);
        }
        return [.. errors.OrderBy(error => error.Offset)];
    }

    private CelType Visit(Expression node, Scope? scope)
    {
        visited.Add(node);
        return node.Type = node switch
        {
            Literal literal => literal.Value.Type,
            Identifier identifier => VisitIdentifier(identifier, scope),
            Select select => VisitSelect(select, scope),
            Call call => VisitCall(call, scope),
            CreateList list => VisitList(list, scope),
            CreateMap map => VisitMap(map, scope),
            CreateObject instance => VisitObject(instance, scope),
            Comprehension comprehension => VisitComprehension(comprehension, scope),
            _ => throw new InvalidOperationException($"unknown node {node.GetType()}"),
        };
    }

    private CelType VisitIdentifier(Identifier identifier, Scope? scope)
    {
        if (Scope.Find(scope, identifier.Name) is { } local)
        {
            identifier.IsLocal = true;
            return local;
        }
        return Lookup(identifier)
            ?? Fail(identifier.Offset, $"undeclared reference to '{identifier.Name.TrimStart('.')}' (in container '')");
    }

    private CelType? Lookup(Identifier identifier)
    {
        var name = identifier.Name.TrimStart('.');
        if (declarations.Variable(name) is { } variable)
        {
            return variable;
        }
        identifier.NamedType = declarations.NamedType(name);
        return identifier.NamedType is { } type ? CelType.TypeOf(type.Named) : null;
    }

    private CelType VisitSelect(Select select, Scope? scope)
    {
        if (!select.TestOnly && DottedName(select, scope) is { } dotted)
        {
            var candidate = new Identifier(select.Offset, dotted);
            if (Lookup(candidate) is { } found)
            {
                select.Resolved = candidate;
                return candidate.Type = found;
            }
        }
        var operand = agreement.Substitute(Visit(select.Operand, scope), unknownIsDyn: false);
        var field = FieldOf(operand, select.Field, select.Offset);
        return select.TestOnly ? CelType.Bool : field;
    }

    private CelType FieldOf(CelType operand, string field, int offset)
    {
        if (operand.IsOptional)
        {
            var inner = FieldOf(agreement.Substitute(operand.Parameters[0], unknownIsDyn: false), field, offset);
            return inner.IsOptional ? inner : CelType.Optional(inner);
        }
        return operand.Kind switch
        {
            CelKind.Dyn or CelKind.Error or CelKind.TypeParameter => CelType.Dyn,
            CelKind.Map => operand.Parameters[1],
            CelKind.Object => operand.FieldNamed(field) ?? Fail(offset, $"undefined field '{field}'"),
            _ => Fail(offset, $"type '{Text(operand)}' does not support field selection"),
        };
    }

    private static string? DottedName(Expression node, Scope? scope) => node switch
    {
        Identifier identifier => Scope.Find(scope, identifier.Name) is null ? identifier.Name : null,
        Select { TestOnly: false } select => DottedName(select.Operand, scope) is { } name ? $"{name}.{select.Field}" : null,
        _ => null,
    };

    private CelType Fail(int offset, string message)
    {
        errors.Add((offset, message));
        return CelType.Error;
    }

    private string Text(CelType type) => agreement.Substitute(type, unknownIsDyn: false).ToString();
}
