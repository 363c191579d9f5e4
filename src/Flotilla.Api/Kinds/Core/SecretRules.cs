using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class SecretRules
{
    private const int MaximumBytes = 1024 * 1024;

    /// <summary>Write-only <c>stringData</c> becomes data.</summary>
    public static void Default(JsonObject item)
    {
        if (item.Object("stringData") is { } texts)
        {
            var data = item.Child("data");
            foreach (var (key, value) in texts)
            {
                data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value.AsString() ?? ""));
            }

            item.Remove("stringData");
        }

        item.DefaultText("type", "Opaque");
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        if (old is not null)
        {
            foreach (var error in FieldRules.Unchanged(item["type"], old["type"], "type").Concat(ImmutableData.Check(item, old, "data")))
            {
                yield return error;
            }
        }

        var data = item.Object("data");
        var size = 0;
        foreach (var (key, value) in (data ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Names.CheckConfigKey(key) is { } wrong)
            {
                yield return FieldError.Invalid($"data[{key}]", key, wrong);
            }

            size += ImmutableData.DecodedLength(value);
        }

        if (size > MaximumBytes)
        {
            yield return FieldError.TooLong("data", MaximumBytes);
        }

        foreach (var error in CheckType(item, data))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckType(JsonObject item, JsonObject? data)
    {
        switch (item.String("type"))
        {
            case "kubernetes.io/service-account-token" when string.IsNullOrEmpty(item.Object("metadata").Object("annotations").String("kubernetes.io/service-account.name")):
                return [FieldError.Required("metadata.annotations[kubernetes.io/service-account.name]")];
            case "kubernetes.io/tls":
                return Keys(data, "tls.crt", "tls.key");
            case "kubernetes.io/ssh-auth":
                return Keys(data, "ssh-privatekey");
            case "kubernetes.io/basic-auth" when data?.ContainsKey("username") != true && data?.ContainsKey("password") != true:
                return Keys(data, "username", "password");
            case "kubernetes.io/dockercfg":
                return Document(data, ".dockercfg");
            case "kubernetes.io/dockerconfigjson":
                return Document(data, ".dockerconfigjson");
            default:
                return [];
        }
    }

    private static IEnumerable<FieldError> Keys(JsonObject? data, params string[] keys) =>
        keys.Where(key => data?.ContainsKey(key) != true).Select(key => FieldError.Required($"data[{key}]"));

    private static IEnumerable<FieldError> Document(JsonObject? data, string key)
    {
        if (data?.ContainsKey(key) != true)
        {
            yield return FieldError.Required($"data[{key}]");
            yield break;
        }

        if (!IsJson(data[key]))
        {
            yield return FieldError.Invalid($"data[{key}]", "<secret contents redacted>", "invalid character");
        }
    }

    private static bool IsJson(JsonNode? base64)
    {
        try
        {
            using var document = JsonDocument.Parse(Convert.FromBase64String(base64.AsString() ?? ""));
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
