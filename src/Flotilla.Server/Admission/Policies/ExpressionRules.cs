using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Validation;
using Flotilla.Cel;
using Flotilla.Server.Admission.Expressions;
using Flotilla.Server.Http;

namespace Flotilla.Server.Admission.Policies;

/// <summary>Refuses webhooks and policies whose expressions do not compile.</summary>
internal sealed class ExpressionRules : IAdmissionPlugin
{
    private const int MaxConditions = 64;

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind.Group != "admissionregistration.k8s.io" || request.Subresource is not null || request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update))
        {
            return ValueTask.CompletedTask;
        }

        var errors = (request.Object.Array("webhooks") is not null ? Webhooks(request.Object)
            : request.Kind == AdmissionKinds.ValidatingPolicy || request.Kind == AdmissionKinds.MutatingPolicy ? Policy(request.Object)
            : []).ToList();
        return errors.Count == 0 ? ValueTask.CompletedTask : throw Failures.Invalid(request.Kind, request.Name, errors);
    }

    private static IEnumerable<FieldError> Webhooks(JsonObject item) =>
        item.Objects("webhooks").SelectMany((hook, at) => Conditions(hook, FieldRules.Indexed("webhooks", at), AdmissionEnvironment.Plain));

    private static IEnumerable<FieldError> Policy(JsonObject item)
    {
        var (spec, policy) = (item.Object("spec") ?? [], AdmissionPolicy.From(item));
        var plain = AdmissionEnvironment.ForPolicy(policy.ParamKind is not null);
        return Conditions(spec, "spec", plain)
            .Concat(policy.Variables.All.SelectMany((variable, at) => Variable(variable.Name, variable.Expression, FieldRules.Indexed("spec.variables", at))))
            .Concat(policy.Validations.SelectMany((validation, at) => Validation(validation, FieldRules.Indexed("spec.validations", at))))
            .Concat(policy.AuditAnnotations.SelectMany((annotation, at) => Problem(annotation.Value, FieldRules.Indexed("spec.auditAnnotations", at) + ".valueExpression")))
            .Concat(policy.Mutations.SelectMany((mutation, at) => Problem(mutation.Expression, FieldRules.Indexed("spec.mutations", at) + (mutation.IsPatch ? ".jsonPatch.expression" : ".applyConfiguration.expression"))));
    }

    private static IEnumerable<FieldError> Validation(PolicyValidation validation, string path) => Problem(validation.Expression, path + ".expression")
        .Concat(validation.MessageExpression is { } message ? Problem(message, path + ".messageExpression") : []);

    private static IEnumerable<FieldError> Variable(string name, AdmissionExpression expression, string path)
    {
        if (name.Length == 0)
        {
            yield return FieldError.Required(path + ".name", "name is not specified");
        }
        else if (!name.All(character => char.IsAsciiLetterOrDigit(character) || character == '_') || char.IsAsciiDigit(name[0]))
        {
            yield return FieldError.Invalid(path + ".name", name, "name is not a valid CEL identifier");
        }

        foreach (var error in expression.Text.Length == 0 ? [FieldError.Required(path + ".expression", "expression is not specified")] : Problem(expression, path + ".expression"))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> Conditions(JsonObject owner, string path, CelEnvironment environment)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var conditions = owner.Objects("matchConditions").ToList();
        if (conditions.Count > MaxConditions)
        {
            yield return FieldError.TooMany(path + ".matchConditions", conditions.Count, MaxConditions);
        }

        foreach (var (condition, at) in conditions.Select((condition, i) => (condition, FieldRules.Indexed(path + ".matchConditions", i))))
        {
            var (name, text) = (condition.String("name") ?? "", condition.String("expression") ?? "");
            if (text.Trim().Length == 0)
            {
                yield return FieldError.Required(at + ".expression");
            }

            foreach (var error in text.Trim().Length == 0 ? [] : Problem(AdmissionExpression.Compile(environment, text, Cel.Types.CelType.Bool), at + ".expression"))
            {
                yield return error;
            }

            if (name.Length == 0)
            {
                yield return FieldError.Required(at + ".name");
            }
            else if (Names.CheckLabelKey(name) is { } wrong)
            {
                yield return FieldError.Invalid(at + ".name", name, wrong);
            }
            else if (!names.Add(name))
            {
                yield return FieldError.Duplicate(at + ".name", name);
            }
        }
    }

    private static IEnumerable<FieldError> Problem(AdmissionExpression expression, string path)
    {
        if (expression.Problem is { } problem && expression.Text.Length > 0)
        {
            yield return FieldError.Invalid(path, expression.Text, problem);
        }
    }
}
