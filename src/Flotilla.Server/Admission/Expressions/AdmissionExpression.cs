using Flotilla.Cel;
using Flotilla.Cel.Types;

namespace Flotilla.Server.Admission.Expressions;

/// <summary>One expression, compiled; <see cref="Problem"/> says why it cannot be evaluated.</summary>
internal sealed record AdmissionExpression(string Text, CelProgram? Program, CelType Type, string? Problem)
{
    /// <param name="wanted">What it may evaluate to; none: anything.</param>
    public static AdmissionExpression Compile(CelEnvironment environment, string? text, params CelType[] wanted)
    {
        var expression = (text ?? "").Trim();
        var result = environment.Compile(expression);
        var problem = result.Program is null ? $"compilation failed: {result.IssueText}"
            : wanted.Length == 0 || wanted.Contains(result.OutputType) ? null
            : wanted.Length == 1 ? $"must evaluate to {wanted[0]}"
            : $"must evaluate to one of [{string.Join(' ', wanted.Select(type => type.ToString()))}]";
        return new AdmissionExpression(expression, problem is null ? result.Program : null, result.OutputType, problem);
    }
}
