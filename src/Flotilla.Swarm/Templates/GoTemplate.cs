using System.Text;

namespace Flotilla.Swarm.Templates;

/// <summary>
/// A template in Go's language, as Swarm fills host names, environment, mounts, secrets and configs: fields, variables,
/// pipelines, functions, if, with and range; no templates within templates. A key that a map lacks is an error, as there.
/// </summary>
internal sealed class GoTemplate
{
    private readonly IReadOnlyList<Part> parts;

    private GoTemplate(IReadOnlyList<Part> parts) => this.parts = parts;

    /// <exception cref="TemplateException">It cannot be read.</exception>
    public static GoTemplate Parse(string text) => new(new PartReader(text).All());

    /// <param name="functions">Besides the common ones.</param>
    /// <exception cref="TemplateException">It asks for what there is not.</exception>
    public string Execute(object? data, IReadOnlyDictionary<string, Func<IReadOnlyList<object?>, object?>>? functions = null)
    {
        var output = new StringBuilder();
        Write(parts, new TemplateScope(data, functions ?? new Dictionary<string, Func<IReadOnlyList<object?>, object?>>()), output);
        return output.ToString();
    }

    private static void Write(IReadOnlyList<Part> parts, TemplateScope scope, StringBuilder output)
    {
        foreach (var part in parts)
        {
            part.Write(scope, output);
        }
    }

    private abstract record Part
    {
        public abstract void Write(TemplateScope scope, StringBuilder output);
    }

    private sealed record TextPart(string Text) : Part
    {
        public override void Write(TemplateScope scope, StringBuilder output) => output.Append(Text);
    }

    private sealed record ValuePart(TemplateExpression Value) : Part
    {
        public override void Write(TemplateScope scope, StringBuilder output)
        {
            var value = Value.Evaluate(scope);
            output.Append(Value is SetExpression ? "" : TemplateFunctions.Text(value));
        }
    }

    /// <summary><c>if</c>, <c>with</c> and <c>range</c>.</summary>
    private sealed record BlockPart(string Kind, TemplateExpression Value, IReadOnlyList<string> Names, IReadOnlyList<Part> Body, IReadOnlyList<Part> Otherwise) : Part
    {
        public override void Write(TemplateScope scope, StringBuilder output)
        {
            var (depth, dot) = (scope.Depth, scope.Dot);
            var value = Value.Evaluate(scope);
            if (!TemplateFunctions.IsTrue(value))
            {
                GoTemplate.Write(Otherwise, scope, output);
            }
            else if (Kind == "range")
            {
                Repeat(value, scope, output);
            }
            else
            {
                scope.Dot = Kind == "with" ? value : dot;
                GoTemplate.Write(Body, scope, output);
            }

            (scope.Depth, scope.Dot) = (depth, dot);
        }

        private void Repeat(object? value, TemplateScope scope, StringBuilder output)
        {
            if (value is not IReadOnlyDictionary<string, object?> map)
            {
                throw new TemplateException($"template: expansion:1: executing \"expansion\": range can't iterate over {TemplateFunctions.Text(value)}");
            }

            var depth = scope.Depth;
            foreach (var (key, entry) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                foreach (var (name, bound) in Names.Zip(Names.Count == 2 ? new[] { key, entry } : [entry]))
                {
                    scope.Declare(name, bound);
                }

                scope.Dot = entry;
                GoTemplate.Write(Body, scope, output);
                scope.Depth = depth;
            }
        }
    }

    /// <summary>Text and actions, and which actions belong to a block.</summary>
    private sealed class PartReader(string text)
    {
        private const int DeepestNesting = 64;
        private int at;
        private bool trims;

        public IReadOnlyList<Part> All()
        {
            var (all, end) = Until(0);
            return end is null ? all : throw new TemplateException($"template: expansion:{Line}: unexpected {{{{{end.Value.Text}}}}}");
        }

        private int Line => 1 + text.AsSpan(0, Math.Min(at, text.Length)).Count('\n');

        /// <summary>To the end of the text, or to an <c>end</c> or <c>else</c> of an outer block.</summary>
        private (IReadOnlyList<Part> Parts, (string Text, ExpressionReader After)? End) Until(int depth)
        {
            if (depth > DeepestNesting)
            {
                throw new TemplateException($"template: expansion:{Line}: blocks are nested too deeply");
            }

            List<Part> parts = [];
            while (NextAction(parts) is { } action)
            {
                var reader = new ExpressionReader(TemplateWords.Read(action, Line), Line);
                if (reader.IsAtEnd)
                {
                    continue;
                }

                if (reader.Take(word => word.IsName("end")))
                {
                    return (parts, ("end", reader));
                }

                if (reader.Take(word => word.IsName("else")))
                {
                    return (parts, ("else", reader));
                }

                var kind = Array.Find(["if", "with", "range"], name => reader.Take(word => word.IsName(name)));
                parts.Add(kind is null ? new ValuePart(reader.Whole()) : Block(kind, reader, depth));
            }

            return (parts, null);
        }

        private BlockPart Block(string kind, ExpressionReader reader, int depth)
        {
            var names = kind == "range" ? reader.Loop() : [];
            var value = reader.Whole();
            var (body, end) = Until(depth + 1);
            IReadOnlyList<Part> otherwise = [];
            if (end is { Text: "else" } branch)
            {
                if (branch.After.IsAtEnd)
                {
                    (otherwise, end) = Until(depth + 1);
                }
                else
                {
                    // The block within ends with this one.
                    var inner = Array.Find(["if", "with"], name => branch.After.Take(word => word.IsName(name))) ?? throw new TemplateException($"template: expansion:{Line}: unexpected word after else");
                    return new BlockPart(kind, value, names, body, [Block(inner, branch.After, depth + 1)]);
                }
            }

            return end is { Text: "end" } ? new BlockPart(kind, value, names, body, otherwise) : throw new TemplateException($"template: expansion:{Line}: unexpected EOF");
        }

        /// <summary>Puts text before the next action into the parts. null: there is none. A comment is an empty action.</summary>
        private string? NextAction(List<Part> parts)
        {
            var open = text.IndexOf("{{", at, StringComparison.Ordinal);
            var before = open < 0 ? text[at..] : text[at..open];
            if (trims)
            {
                before = before.TrimStart();
            }

            if (open < 0)
            {
                parts.Add(new TextPart(before));
                at = text.Length;
                return null;
            }

            at = open + 2;
            if (at + 1 < text.Length && text[at] == '-' && char.IsWhiteSpace(text[at + 1]))
            {
                before = before.TrimEnd();
                at++;
            }

            parts.Add(new TextPart(before));
            return Action();
        }

        private string Action()
        {
            var start = at;
            var isComment = text.AsSpan(at).TrimStart().StartsWith("/*", StringComparison.Ordinal);
            var close = isComment ? text.IndexOf("*/", at, StringComparison.Ordinal) is >= 0 and var end ? text.IndexOf("}}", end, StringComparison.Ordinal) : -1 : Close();
            if (close < 0)
            {
                throw new TemplateException($"template: expansion:{Line}: unclosed action");
            }

            at = close + 2;
            trims = close >= start + 2 && text[close - 1] == '-' && char.IsWhiteSpace(text[close - 2]);
            return isComment ? "" : text[start..(trims ? close - 1 : close)];
        }

        // Not in quoted text.
        private int Close()
        {
            char? quote = null;
            for (var i = at; i + 1 < text.Length; i++)
            {
                if (quote is { } open)
                {
                    i += text[i] == '\\' && open == '"' ? 1 : 0;
                    quote = text[i] == open ? null : quote;
                }
                else if (text[i] is '"' or '`')
                {
                    quote = text[i];
                }
                else if (text[i] == '}' && text[i + 1] == '}')
                {
                    return i;
                }
            }

            return -1;
        }
    }
}
