using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Selectors;
using Flotilla.Api.Validation;
using Flotilla.Server.Authorization;

namespace Flotilla.Server.Reviews;

/// <summary>
/// Field and label selectors inside access reviews: <c>{rawSelector}</c> or <c>{requirements: [{key, operator, values}]}</c>
/// (<c>FieldSelectorAttributes</c>, <c>LabelSelectorAttributes</c> of authorization.k8s.io/v1).
/// </summary>
internal static class AccessSelectors
{
    public static readonly IReadOnlyList<string> Names = ["fieldSelector", "labelSelector"];

    public static IEnumerable<FieldError> Check(JsonObject selector, string path)
    {
        var (raw, requirements) = (selector.String("rawSelector") ?? "", selector.Objects("requirements").ToList());
        if (raw.Length > 0 && requirements.Count > 0)
        {
            yield return FieldError.Invalid($"{path}.rawSelector", raw, "may not specified at the same time as requirements");
        }
        else if (raw.Length == 0 && requirements.Count == 0)
        {
            yield return FieldError.Required($"{path}.requirements", $"when {path} is specified, requirements or rawSelector is required");
        }

        foreach (var error in requirements.SelectMany((requirement, i) => CheckRequirement(requirement, $"{path}.requirements[{i}]")))
        {
            yield return error;
        }
    }

    /// <summary>
    /// Narrows an access by what of the selectors can be read. The rest narrows nothing: the answer is then one for more objects,
    /// which refuses rather than allows.
    /// </summary>
    /// <returns>The access, and what could not be read.</returns>
    public static (AccessAttributes Wanted, string Problem) Narrow(AccessAttributes wanted, JsonObject resource)
    {
        var problems = new List<string>();
        wanted = Try(resource, "fieldSelector", FieldSelector.Parse, Fields, problems) is { IsEverything: false } fields ? wanted with { Fields = fields } : wanted;
        wanted = Try(resource, "labelSelector", LabelSelector.Parse, Labels, problems) is { IsEverything: false } labels ? wanted with { Labels = labels } : wanted;
        return (wanted, string.Join('\n', problems));
    }

    /// <summary>The selectors of an access as another authorizer is told them.</summary>
    public static void Write(AccessAttributes wanted, JsonObject attributes)
    {
        if (wanted.Fields is { IsEverything: false } fields)
        {
            Write(attributes, "fieldSelector", fields.Requirements.Select(one => Requirement(one.Path, one.Equal ? "In" : "NotIn", [one.Value])));
        }

        var labels = (wanted.Labels?.Requirements ?? []).Where(one => one.Operator is not (LabelOperator.GreaterThan or LabelOperator.LessThan));
        Write(attributes, "labelSelector", labels.Select(one => Requirement(one.Key, one.Operator.ToString(), one.Values)));
    }

    private static void Write(JsonObject attributes, string name, IEnumerable<JsonNode> requirements)
    {
        if (requirements.ToArray() is { Length: > 0 } list)
        {
            attributes[name] = new JsonObject { ["requirements"] = new JsonArray(list) };
        }
    }

    private static JsonObject Requirement(string key, string operation, IReadOnlyList<string> values)
    {
        var requirement = new JsonObject { ["key"] = key, ["operator"] = operation };
        if (values.Count > 0)
        {
            requirement["values"] = new JsonArray([.. values.Select(value => JsonValue.Create(value))]);
        }

        return requirement;
    }

    private static IEnumerable<FieldError> CheckRequirement(JsonObject requirement, string path)
    {
        var values = requirement.Array("values") is { Count: > 0 };
        if (string.IsNullOrEmpty(requirement.String("key")))
        {
            yield return FieldError.Required($"{path}.key", "must be specified");
        }

        if (requirement.String("operator") is "In" or "NotIn" && !values)
        {
            yield return FieldError.Required($"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'");
        }

        if (requirement.String("operator") is "Exists" or "DoesNotExist" && values)
        {
            yield return FieldError.Forbidden($"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
    }

    private static T? Try<T>(JsonObject resource, string name, Func<string?, T> parse, Func<IEnumerable<JsonObject>, List<string>, T> read, List<string> problems)
        where T : class
    {
        if (resource.Object(name) is not { } selector)
        {
            return null;
        }

        var (unread, found) = (new List<string>(), (T?)null);
        try
        {
            found = selector.String("rawSelector") is { Length: > 0 } raw ? parse(raw) : read(selector.Objects("requirements"), unread);
        }
        catch (FormatException error)
        {
            unread.Add(error.Message);
        }

        var extent = found is null or FieldSelector { IsEverything: true } or LabelSelector { IsEverything: true } ? "ignored" : "partially ignored";
        problems.AddRange(unread.Select(problem => $"spec.resourceAttributes.{name} {extent} due to parse error: {problem}"));
        return found;
    }

    private static FieldSelector Fields(IEnumerable<JsonObject> requirements, List<string> unread)
    {
        var fields = new List<FieldRequirement>();
        foreach (var one in requirements)
        {
            var (operation, values) = (one.String("operator") ?? "", Values(one));
            if (operation is "In" or "NotIn" && values.Count == 1)
            {
                fields.Add(new FieldRequirement(one.String("key") ?? "", operation == "In", values[0]));
            }
            else
            {
                unread.Add(operation is "In" or "NotIn" ? $"{one.String("key")} has {values.Count} values, fields are compared with one" : $"\"{operation}\" is not a valid field selector operator");
            }
        }

        return new FieldSelector(fields);
    }

    private static LabelSelector Labels(IEnumerable<JsonObject> requirements, List<string> unread)
    {
        var labels = new List<LabelRequirement>();
        foreach (var one in requirements)
        {
            if (one.String("operator") is "In" or "NotIn" or "Exists" or "DoesNotExist")
            {
                labels.Add(new LabelRequirement(one.String("key") ?? "", Enum.Parse<LabelOperator>(one.String("operator")!), Values(one)));
            }
            else
            {
                unread.Add($"\"{one.String("operator")}\" is not a valid label selector operator");
            }
        }

        return new LabelSelector(labels);
    }

    private static IReadOnlyList<string> Values(JsonObject requirement) => [.. (requirement.Array("values") ?? []).Select(node => node.AsString() ?? "")];
}
