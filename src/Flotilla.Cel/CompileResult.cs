using Flotilla.Cel.Costs;
using Flotilla.Cel.Types;

namespace Flotilla.Cel;

/// <summary>A program, or what is wrong with the expression.</summary>
public sealed class CompileResult
{
    internal CompileResult(
        string expression, CelProgram? program, IReadOnlyList<CelIssue> issues, CelType outputType, CostRange estimatedCost,
        IReadOnlySet<string> variables)
    {
        Expression = expression;
        Program = program;
        Issues = issues;
        OutputType = outputType;
        EstimatedCost = estimatedCost;
        Variables = variables;
    }

    public string Expression { get; }

    /// <summary>Null when there are issues.</summary>
    public CelProgram? Program { get; }

    public IReadOnlyList<CelIssue> Issues { get; }

    public CelType OutputType { get; }

    /// <summary>The least and the most an evaluation can cost, in upstream's units, given the bounds of the types.</summary>
    public CostRange EstimatedCost { get; }

    /// <summary>The declared variables the expression uses.</summary>
    public IReadOnlySet<string> Variables { get; }

    /// <summary>All issues as upstream prints them.</summary>
    public string IssueText => string.Join("\n", Issues.Select(issue => issue.Show(Expression)));

    internal static CompileResult Failed(string expression, IEnumerable<(int Offset, string Message)> errors) => new(
        expression, null, [.. errors.Select(error => CelIssue.At(expression, error.Offset, error.Message))], CelType.Dyn, default,
        new HashSet<string>(StringComparer.Ordinal));
}
