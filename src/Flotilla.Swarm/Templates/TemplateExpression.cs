using System.Globalization;

namespace Flotilla.Swarm.Templates;

/// <summary>What an action works out. Pure.</summary>
internal abstract record TemplateExpression
{
    public abstract object? Evaluate(TemplateScope scope);
}

internal sealed record ConstantExpression(object? Value) : TemplateExpression
{
    public override object? Evaluate(TemplateScope scope) => Value;
}

internal sealed record DotExpression : TemplateExpression
{
    public override object? Evaluate(TemplateScope scope) => scope.Dot;
}

internal sealed record VariableExpression(string Name) : TemplateExpression
{
    public override object? Evaluate(TemplateScope scope) => scope.Variable(Name);
}

internal sealed record FieldExpression(TemplateExpression Of, string Name) : TemplateExpression
{
    public override object? Evaluate(TemplateScope scope) => Of.Evaluate(scope) switch
    {
        TemplateStruct value => value.Fields.TryGetValue(Name, out var field) ? field : throw Fail($"can't evaluate field {Name} in type {value.Type}"),
        IReadOnlyDictionary<string, object?> map => map.TryGetValue(Name, out var entry) ? entry : throw Fail($"map has no entry for key \"{Name}\""),
        var other => throw Fail($"can't evaluate field {Name} in type {(other is string ? "string" : other?.GetType().Name ?? "nil")}"),
    };

    private TemplateException Fail(string why) => new($"template: expansion:1: executing \"expansion\" at <{Path}>: {why}");

    private string Path => (Of is FieldExpression outer ? outer.Path : "") + "." + Name;
}

/// <summary>A function's name and what it is given; the last may come by a pipe.</summary>
internal sealed record CallExpression(string Name, IReadOnlyList<TemplateExpression> Arguments) : TemplateExpression
{
    public override object? Evaluate(TemplateScope scope)
    {
        try
        {
            return Arguments.Count == 0 && TemplateFunctions.All.ContainsKey(Name)
                ? throw new TemplateException($"wrong number of args for {Name}: want at least 1 got 0")
                : scope.Call(Name, [.. Arguments.Select(argument => argument.Evaluate(scope))]);
        }
        catch (Exception wrong) when (wrong is ArgumentException or InvalidCastException)
        {
            throw new TemplateException($"template: expansion:1: executing \"expansion\" at <{Name}>: wrong arguments");
        }
    }
}

internal sealed record SetExpression(string Name, bool IsNew, TemplateExpression Value) : TemplateExpression
{
    public override object? Evaluate(TemplateScope scope)
    {
        var value = Value.Evaluate(scope);
        if (IsNew)
        {
            scope.Declare(Name, value);
        }
        else
        {
            scope.Assign(Name, value);
        }

        return value;
    }
}

/// <summary>Reads the words of an action. Pure.</summary>
internal sealed class ExpressionReader
{
    /// <summary>Nobody writes more in one action, and every word may nest once.</summary>
    private const int MostWords = 512;

    private readonly IReadOnlyList<Word> words;
    private readonly int line;
    private int at;

    public ExpressionReader(IReadOnlyList<Word> words, int line)
    {
        this.words = words.Count <= MostWords ? words : throw new TemplateException($"template: expansion:{line}: an action has more than {MostWords} words");
        this.line = line;
    }

    public bool IsAtEnd => at == words.Count;

    public bool Take(Func<Word, bool> isWanted)
    {
        if (IsAtEnd || !isWanted(words[at]))
        {
            return false;
        }

        at++;
        return true;
    }

    public TemplateExpression Whole()
    {
        var value = Pipeline();
        return IsAtEnd ? value : throw Unexpected();
    }

    /// <summary><c>$key, $value :=</c> or <c>$value :=</c> of a range; empty: none.</summary>
    public IReadOnlyList<string> Loop()
    {
        var names = words.Skip(at).TakeWhile(word => word.Kind == WordKind.Variable || word.Is(",")).Where(word => word.Kind == WordKind.Variable).Select(word => word.Text).ToList();
        var end = at + (names.Count * 2) - 1;
        if (names.Count is 0 or > 2 || end >= words.Count || !words[end].Is(":="))
        {
            return [];
        }

        at = end + 1;
        return names;
    }

    private TemplateExpression Pipeline()
    {
        if (at + 1 < words.Count && words[at].Kind == WordKind.Variable && (words[at + 1].Is(":=") || words[at + 1].Is("=")))
        {
            var (name, isNew) = (words[at].Text, words[at + 1].Is(":="));
            at += 2;
            return new SetExpression(name, isNew, Pipeline());
        }

        var value = Command(null);
        while (Take(word => word.Is("|")))
        {
            value = Command(value);
        }

        return value;
    }

    private TemplateExpression Command(TemplateExpression? piped)
    {
        if (IsAtEnd)
        {
            throw new TemplateException($"template: expansion:{line}: missing value for command");
        }

        if (words[at] is { Kind: WordKind.Name, Text: not ("true" or "false" or "nil") } function)
        {
            at++;
            List<TemplateExpression> arguments = [];
            while (!IsAtEnd && !words[at].Is("|") && !words[at].Is(")"))
            {
                arguments.Add(Operand());
            }

            return new CallExpression(function.Text, piped is null ? arguments : [.. arguments, piped]);
        }

        var value = Operand();
        return piped is null ? value : throw new TemplateException($"template: expansion:{line}: non executable command in pipeline stage 2");
    }

    private TemplateExpression Operand()
    {
        var value = Term();
        while (!IsAtEnd && words[at] is { Kind: WordKind.Field, IsApart: false } field)
        {
            at++;
            value = new FieldExpression(value, field.Text);
        }

        return value;
    }

    private TemplateExpression Term()
    {
        var word = IsAtEnd ? throw new TemplateException($"template: expansion:{line}: missing value for command") : words[at++];
        switch (word.Kind)
        {
            case WordKind.Dot:
                return new DotExpression();
            case WordKind.Field:
                return new FieldExpression(new DotExpression(), word.Text);
            case WordKind.Variable:
                return new VariableExpression(word.Text);
            case WordKind.Text:
                return new ConstantExpression(word.Text);
            case WordKind.Number:
                return new ConstantExpression(NumberOf(word.Text));
            case WordKind.Name:
                return word.Text switch { "true" => new ConstantExpression(true), "false" => new ConstantExpression(false), "nil" => new ConstantExpression(null), _ => new CallExpression(word.Text, []) };
            case WordKind.Sign when word.Text == "(":
                var inner = Pipeline();
                return Take(next => next.Is(")")) ? inner : throw new TemplateException($"template: expansion:{line}: unclosed left paren");
            default:
                at--;
                throw Unexpected();
        }
    }

    private object NumberOf(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
        : throw new TemplateException($"template: expansion:{line}: bad number syntax: \"{text}\"");

    private TemplateException Unexpected() => new($"template: expansion:{line}: unexpected \"{words[at].Text}\" in operand");
}
