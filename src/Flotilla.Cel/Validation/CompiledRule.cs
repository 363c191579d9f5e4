using Flotilla.Cel.Types;

namespace Flotilla.Cel.Validation;

/// <summary>A rule with its programs, or with what is wrong with it. Immutable.</summary>
internal sealed class CompiledRule
{
    private CompiledRule(ValidationRule source, CompileResult rule, CompileResult? message, string path)
    {
        Source = source;
        Rule = rule;
        Message = message;
        RelativePath = path;
    }

    public ValidationRule Source { get; }

    public CompileResult Rule { get; }

    public CompileResult? Message { get; }

    /// <summary>Where below its node the rule wants its error; empty for the node itself.</summary>
    public string RelativePath { get; }

    public bool UsesOldSelf => Rule.Variables.Contains("oldSelf");

    public string? RuleProblem => Rule.Program is null ? $"compilation failed: {Rule.IssueText}"
        : Rule.OutputType.Kind != CelKind.Bool ? "cel expression must evaluate to a bool" : null;

    public string? MessageProblem => Message is null ? null
        : Message.Program is null ? $"messageExpression compilation failed: {Message.IssueText}"
        : Message.OutputType.Kind != CelKind.String ? "messageExpression must evaluate to a string" : null;

    public static CompiledRule Compile(ValidationRule source, CelType self, CelEnvironment environment, string path)
    {
        var scope = environment.With("self", self)
            .With("oldSelf", source.OptionalOldSelf == true ? CelType.Optional(self) : self);
        var message = string.IsNullOrWhiteSpace(source.MessageExpression) ? null : scope.Compile(source.MessageExpression);
        return new CompiledRule(source, scope.Compile(source.Rule), message, path);
    }
}
