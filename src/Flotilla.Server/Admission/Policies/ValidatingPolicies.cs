using System.Text.Json.Nodes;
using Flotilla.Cel.Values;
using Flotilla.Server.Admission.Expressions;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Admission.Policies;

/// <summary>Judges requests by the cluster's validating policies. All are evaluated; the first that denies is what the client hears.</summary>
internal sealed class ValidatingPolicies(PolicySet policies) : IAdmissionPlugin
{
    private const string Sort = "ValidatingAdmissionPolicy";
    private const int MaxMessageBytes = 5 * 1024;

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!await policies.HasAnyAsync(cancellationToken))
        {
            return;
        }

        Api.ApiException? refusal = null;
        await foreach (var found in policies.CasesAsync(request, cancellationToken))
        {
            if (found.Run is null)
            {
                refusal ??= found.Policy.IgnoresFailures ? null : PolicyRefusal.Of(request, Sort, found, found.Problem!, "Invalid");
                continue;
            }

            foreach (var (message, reason, at) in await JudgeAsync(found.Policy, found.Run, request, cancellationToken))
            {
                refusal ??= Act(request, found, message, reason, at);
            }
        }

        if (refusal is not null)
        {
            throw refusal;
        }
    }

    private static Api.ApiException? Act(AdmissionRequest request, PolicyCase found, string message, string reason, int at)
    {
        var (binding, notes) = (found.Binding!, request.Options.Notes);
        if (binding.Actions.Contains("Warn"))
        {
            notes?.Warn($"Validation failed for {Sort} '{found.Policy.Name}' with binding '{binding.Name}': {message}");
        }

        if (binding.Actions.Contains("Audit"))
        {
            var entry = new JsonObject
            {
                ["message"] = message, ["policy"] = found.Policy.Name, ["binding"] = binding.Name, ["expressionIndex"] = at,
                ["validationActions"] = new JsonArray([.. binding.Actions.Select(action => JsonValue.Create(action))]),
            };
            notes?.Annotate("validation.policy.admission.k8s.io/validation_failure", System.Text.Encoding.UTF8.GetString(StoredObject.Serialize(new JsonArray(entry))));
        }

        return binding.Actions.Contains("Deny") ? PolicyRefusal.Of(request, Sort, found, message, reason) : null;
    }

    /// <summary>What is wrong, with the reason and the number of the rule that says so.</summary>
    private static async ValueTask<IReadOnlyList<(string Message, string Reason, int At)>> JudgeAsync(AdmissionPolicy policy, ExpressionRun run, AdmissionRequest request, CancellationToken cancellationToken)
    {
        var (met, error) = await policy.Conditions.EvaluateAsync(run, cancellationToken);
        if (!met)
        {
            return error is null ? [] : [(error, "Invalid", 0)];
        }

        var wrong = new List<(string, string, int)>();
        for (var at = 0; at < policy.Validations.Count; at++)
        {
            var validation = policy.Validations[at];
            var result = await run.EvaluateAsync(validation.Expression, cancellationToken);
            if (result.Error is { } failure)
            {
                if (!policy.IgnoresFailures)
                {
                    wrong.Add((failure, "Invalid", at));
                }
            }
            else if (!result.IsTrue)
            {
                wrong.Add((await MessageAsync(validation, run, cancellationToken), validation.Reason, at));
            }
        }

        await AnnotateAsync(policy, run, request, cancellationToken);
        return wrong;
    }

    /// <summary>A message that cannot be made, or does not read as one line, gives way to the fixed one.</summary>
    private static async ValueTask<string> MessageAsync(PolicyValidation validation, ExpressionRun run, CancellationToken cancellationToken)
    {
        if (validation.MessageExpression is { } expression
            && (await run.EvaluateAsync(expression, cancellationToken)).Value is StringValue { Value: var text }
            && text.Trim() is { Length: > 0 and <= MaxMessageBytes } message
            && !message.Contains('\n', StringComparison.Ordinal))
        {
            return message;
        }

        return validation.Message.Length > 0 ? validation.Message : $"failed expression: {validation.Expression.Text}";
    }

    private static async ValueTask AnnotateAsync(AdmissionPolicy policy, ExpressionRun run, AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var (key, value) in policy.AuditAnnotations)
        {
            if ((await run.EvaluateAsync(value, cancellationToken)).Value is StringValue { Value: var text } && text.Trim() is { Length: > 0 } note)
            {
                request.Options.Notes?.Annotate($"{policy.Name}/{key}", note);
            }
        }
    }
}
