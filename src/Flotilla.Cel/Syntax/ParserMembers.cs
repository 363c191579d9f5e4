using Flotilla.Cel.Values;

namespace Flotilla.Cel.Syntax;

/// <summary>Members, calls and literals: everything that binds tighter than an operator.</summary>
internal sealed partial class Parser
{
    private const string Starts =
        "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop", "package",
        "namespace", "null", "return", "true", "var", "void", "while",
    };

    private Expression ReadMember()
    {
        var before = depth;
        var member = ReadPrimary();
        while (true)
        {
            if (tokens.TryTake(".", out var dot))
            {
                member = ReadSelection(member, dot);
            }
            else if (tokens.TryTake("[", out var bracket))
            {
                var function = tokens.TryTake("?", out _) ? Operators.OptionalIndex : Operators.Index;
                member = new Call(bracket.Offset, function, null, [member, ReadExpression()]);
                tokens.Expect("]");
            }
            else
            {
                depth = before;
                return member;
            }
            Enter();
        }
    }

    private Expression ReadSelection(Expression operand, Token dot)
    {
        if (tokens.TryTake("?", out _))
        {
            var optional = ReadFieldName();
            return new Call(dot.Offset, Operators.OptionalSelect, null,
                [operand, new Literal(optional.Offset, new StringValue(FieldName(optional)))]);
        }
        var name = ReadFieldName();
        return name.Kind == TokenKind.Identifier && tokens.TryTake("(", out var open)
            ? Finish(new Call(open.Offset, name.Text, operand, ReadArguments(")")))
            : new Select(dot.Offset, operand, FieldName(name));
    }

    private Token ReadFieldName()
    {
        var name = tokens.Current;
        var isName = name.Kind is TokenKind.Identifier or TokenKind.QuotedIdentifier;
        return isName ? tokens.Take() : throw new SyntaxException(name.Offset,
            name.Kind == TokenKind.Keyword ? $"Syntax error: no viable alternative at input '.{name.Text}'"
            : $"Syntax error: no viable alternative at input '.{(name.Kind == TokenKind.End ? "" : name.Text)}'");
    }

    private static string FieldName(Token name) => name.Text.Trim('`');

    private Expression ReadPrimary()
    {
        var token = tokens.Current;
        return token.Kind switch
        {
            TokenKind.Int or TokenKind.Uint or TokenKind.Double or TokenKind.String or TokenKind.Bytes => ReadLiteral(negative: false),
            TokenKind.Identifier => ReadName(""),
            _ when token.Is("-") && IsNegativeNumber() => ReadLiteral(negative: true),
            _ when token.Is(".") && tokens.Ahead.Kind == TokenKind.Identifier => ReadRootName(),
            _ when token.Is("(") => ReadParenthesis(),
            _ when token.Is("[") => ReadList(),
            _ when token.Is("{") => ReadMap(),
            _ => ReadConstant(token),
        };
    }

    private Literal ReadLiteral(bool negative)
    {
        var start = tokens.Current.Offset;
        if (negative)
        {
            tokens.Take();
        }
        return new Literal(start, Literals.Parse(tokens.Take(), negative));
    }

    private Literal ReadConstant(Token token)
    {
        CelValue? value = token.Kind != TokenKind.Keyword ? null : token.Text switch
        {
            "true" => BoolValue.True,
            "false" => BoolValue.False,
            "null" => NullValue.Instance,
            _ => null,
        };
        if (value is null)
        {
            throw tokens.Unexpected(Starts);
        }
        tokens.Take();
        return new Literal(token.Offset, value);
    }

    private Expression ReadParenthesis()
    {
        tokens.Take();
        var inner = ReadExpression();
        tokens.Expect(")");
        return inner;
    }

    private Expression ReadRootName()
    {
        tokens.Take();
        return ReadName(".");
    }

    private Expression ReadName(string root)
    {
        var name = tokens.Take();
        if (tokens.TryTake("(", out var open))
        {
            return Finish(new Call(open.Offset, root + name.Text, null, ReadArguments(")")));
        }
        if (Reserved.Contains(name.Text))
        {
            throw new SyntaxException(name.Offset, $"reserved identifier: {name.Text}");
        }
        var path = new Identifier(name.Offset, root + name.Text);
        var typeName = name.Text;
        while (tokens.Current.Is(".") && tokens.Ahead.Kind == TokenKind.Identifier && NamesObject())
        {
            tokens.Take();
            typeName += "." + tokens.Take().Text;
        }
        return tokens.Current.Is("{") ? ReadObject(root + typeName) : path;
    }

    /// <summary>Whether the dotted name that starts here is followed by the fields of an object.</summary>
    private bool NamesObject() => tokens.DottedNameEndsWith("{");

    private Expression Finish(Call call) => macros.Expand(call);

    private List<Expression> ReadArguments(string closing)
    {
        List<Expression> arguments = [];
        while (!tokens.Current.Is(closing))
        {
            arguments.Add(ReadExpression());
            if (!tokens.TryTake(",", out _))
            {
                break;
            }
            if (closing == ")" && tokens.Current.Is(closing))
            {
                throw tokens.Unexpected(Starts);
            }
        }
        tokens.Expect(closing);
        return arguments;
    }
}
