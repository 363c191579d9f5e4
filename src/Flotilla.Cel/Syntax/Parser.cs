using Flotilla.Cel.Macros;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Syntax;

/// <summary>Recursive descent over the language's grammar; macros are expanded as their calls are read.</summary>
internal sealed partial class Parser
{
    private const int MaxDepth = 250;
    private const int MaxCodePoints = 100_000;

    private readonly TokenReader tokens;
    private readonly MacroTable macros;
    private int depth;

    private Parser(string text, MacroTable macros)
    {
        tokens = new TokenReader(Lexer.Read(text));
        this.macros = macros;
    }

    /// <exception cref="SyntaxException">The text is not an expression.</exception>
    public static Expression Parse(string text, MacroTable macros)
    {
        var size = CodePoints.Count(text);
        if (size > MaxCodePoints)
        {
            throw new SyntaxException(0, $"expression code point size exceeds limit: size: {size}, limit {MaxCodePoints}");
        }
        var parser = new Parser(text, macros);
        var expression = parser.ReadExpression();
        return parser.tokens.Current.Kind == TokenKind.End ? expression : throw parser.tokens.Unexpected("<EOF>");
    }

    private Expression ReadExpression()
    {
        Enter();
        var condition = ReadOr();
        if (tokens.TryTake("?", out var question))
        {
            var whenTrue = ReadOr();
            tokens.Expect(":");
            condition = new Call(question.Offset, Operators.Conditional, null, [condition, whenTrue, ReadExpression()]);
        }
        depth--;
        return condition;
    }

    private Expression ReadOr() => ReadLogical("||", Operators.Or, ReadAnd);

    private Expression ReadAnd() => ReadLogical("&&", Operators.And, ReadRelation);

    private Expression ReadLogical(string symbol, string function, Func<Expression> read)
    {
        List<Expression> terms = [read()];
        List<int> offsets = [];
        while (tokens.TryTake(symbol, out var token))
        {
            offsets.Add(token.Offset);
            terms.Add(read());
        }
        return offsets.Count == 0 ? terms[0] : Balance(function, terms, offsets, 0, offsets.Count - 1);
    }

    /// <summary>Long chains become trees of little depth, as upstream's do.</summary>
    private static Call Balance(string function, List<Expression> terms, List<int> offsets, int low, int high)
    {
        var middle = (low + high + 1) / 2;
        var left = middle == low ? terms[middle] : Balance(function, terms, offsets, low, middle - 1);
        var right = middle == high ? terms[middle + 1] : Balance(function, terms, offsets, middle + 1, high);
        return new Call(offsets[middle], function, null, [left, right]);
    }

    private Expression ReadRelation()
    {
        var before = depth;
        var left = ReadSum();
        while (tokens.Current is { Text: "==" or "!=" or "<" or "<=" or ">" or ">=" or "in" } next && next.Is(next.Text))
        {
            Enter();
            tokens.Take();
            left = new Call(next.Offset, Operators.Relation(next.Text), null, [left, ReadSum()]);
        }
        depth = before;
        return left;
    }

    private Expression ReadSum() => ReadArithmetic(ReadProduct, "+", "-", "-");

    private Expression ReadProduct() => ReadArithmetic(ReadUnary, "*", "/", "%");

    private Expression ReadArithmetic(Func<Expression> read, string first, string second, string third)
    {
        var before = depth;
        var left = read();
        while (tokens.Current is var next && (next.Is(first) || next.Is(second) || next.Is(third)))
        {
            Enter();
            tokens.Take();
            left = new Call(next.Offset, Operators.Arithmetic(next.Text), null, [left, read()]);
        }
        depth = before;
        return left;
    }

    private Expression ReadUnary()
    {
        var first = tokens.Current;
        if (!first.Is("!") && !first.Is("-"))
        {
            return ReadMember();
        }
        var count = 0;
        while (tokens.Current.Is(first.Text) && !IsNegativeNumber())
        {
            tokens.Take();
            count++;
        }
        var operand = ReadMember();
        return count % 2 == 0 ? operand
            : new Call(first.Offset, first.Is("!") ? Operators.Not : Operators.Negate, null, [operand]);
    }

    private bool IsNegativeNumber() =>
        tokens.Current.Is("-") && tokens.Ahead.Kind is TokenKind.Int or TokenKind.Double;

    private void Enter()
    {
        if (++depth > MaxDepth)
        {
            throw new SyntaxException(tokens.Current.Offset, $"expression recursion limit exceeded: {MaxDepth}");
        }
    }
}
