using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Admission;

internal static class WebhookRules
{
    private const int TimeoutSeconds = 10;
    private static readonly string[] Operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

    public static void Default(JsonObject item, bool mutating)
    {
        foreach (var hook in item.Objects("webhooks"))
        {
            hook.DefaultText("failurePolicy", "Fail");
            hook.DefaultText("matchPolicy", "Equivalent");
            hook.Default("namespaceSelector", new JsonObject());
            hook.Default("objectSelector", new JsonObject());
            hook.Default("timeoutSeconds", TimeoutSeconds);
            if (mutating)
            {
                hook.DefaultText("reinvocationPolicy", "Never");
            }

            hook.Object("clientConfig").Object("service")?.Default("port", 443);
            foreach (var rule in hook.Objects("rules"))
            {
                PolicyRules.DefaultRule(rule);
            }
        }
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (hook, i) in item.Objects("webhooks").Select((hook, i) => (hook, i)))
        {
            var at = FieldRules.Indexed("webhooks", i);
            foreach (var error in CheckHook(hook, at))
            {
                yield return error;
            }

            if (hook.String("name") is { Length: > 0 } name && !names.Add(name))
            {
                yield return FieldError.Duplicate($"{at}.name", name) with { Ratchet = Ratchet.HookNames };
            }
        }
    }

    public static IEnumerable<FieldError> CheckRule(JsonObject rule, string path)
    {
        if (rule.Array("operations") is not { Count: > 0 } operations)
        {
            yield return FieldError.Required($"{path}.operations");
        }
        else
        {
            foreach (var (operation, i) in operations.Select((operation, i) => (operation.AsString() ?? "", i)))
            {
                if (!Operations.Contains(operation))
                {
                    yield return FieldError.NotSupported(FieldRules.Indexed($"{path}.operations", i), operation, Operations);
                }
            }
        }

        foreach (var field in new[] { "apiGroups", "apiVersions", "resources" })
        {
            if (rule.Array(field) is not { Count: > 0 })
            {
                yield return FieldError.Required($"{path}.{field}");
            }
        }
    }

    private static IEnumerable<FieldError> CheckHook(JsonObject hook, string path)
    {
        var name = hook.String("name") ?? "";
        if (name.Length == 0)
        {
            yield return FieldError.Required($"{path}.name");
        }
        else if (name.Split('.').Length < 3)
        {
            yield return FieldError.Invalid($"{path}.name", name, "should be a domain with at least three segments separated by dots");
        }
        else if (Names.CheckSubdomain(name) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.name", name, wrong);
        }

        foreach (var error in hook.Objects("rules").SelectMany((rule, i) => CheckRule(rule, FieldRules.Indexed($"{path}.rules", i)))
            .Concat(FieldRules.OneOf(hook, "failurePolicy", path, "Fail", "Ignore")).Concat(FieldRules.OneOf(hook, "matchPolicy", path, "Equivalent", "Exact"))
            .Concat(FieldRules.RequiredOneOf(hook, "sideEffects", path, "None", "NoneOnDryRun").Ratcheted(Ratchet.HookSideEffects)))
        {
            yield return error;
        }

        if (hook.Integer("timeoutSeconds") is { } timeout and (< 1 or > 30))
        {
            yield return FieldError.Invalid($"{path}.timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds");
        }

        foreach (var error in FieldRules.Selector(hook.Object("namespaceSelector"), $"{path}.namespaceSelector").Concat(FieldRules.Selector(hook.Object("objectSelector"), $"{path}.objectSelector"))
            .Concat(CheckClient(hook.Object("clientConfig"), $"{path}.clientConfig")))
        {
            yield return error;
        }

        if (hook.Array("admissionReviewVersions") is not { Count: > 0 } versions)
        {
            yield return FieldError.Required($"{path}.admissionReviewVersions", "must specify one of v1, v1beta1") with { Ratchet = Ratchet.HookVersions };
        }
        else if (!versions.Any(version => version.AsString() is "v1" or "v1beta1"))
        {
            yield return FieldError.Invalid($"{path}.admissionReviewVersions", versions.DeepClone(), "must include at least one of v1, v1beta1") with { Ratchet = Ratchet.HookVersions };
        }
    }

    private static IEnumerable<FieldError> CheckClient(JsonObject? client, string path)
    {
        var (url, service) = (client.String("url"), client.Object("service"));
        if ((url is null) == (service is null))
        {
            yield return FieldError.Required(path, "exactly one of url or service is required");
        }
        else if (url is not null && (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps))
        {
            yield return FieldError.Invalid($"{path}.url", url, "'https' is the only allowed URL scheme; desired format: https://host[/path]");
        }
    }
}
