using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>How names are looked up inside of a pod.</summary>
internal static class HostNameRules
{
    private const int MostServers = 3;
    private const int MostSearches = 32;
    private const int LongestSearches = 2048;

    public static IEnumerable<FieldError> CheckDns(JsonObject spec, string path)
    {
        var config = spec.Object("dnsConfig");
        if (spec.String("dnsPolicy") == "None")
        {
            if (config is null)
            {
                return [FieldError.Required(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
            }

            if (config.Array("nameservers") is not { Count: > 0 })
            {
                return [FieldError.Required($"{path}.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None")];
            }
        }

        return config is null ? [] : CheckServers(config, path).Concat(CheckSearches(config, path))
            .Concat(FieldRules.Each(config, "options", path, (option, at) => string.IsNullOrEmpty(option.String("name")) ? [FieldError.Required(at, "must not be empty")] : []));
    }

    public static IEnumerable<FieldError> CheckAliases(JsonObject spec, string path) => FieldRules.Each(spec, "hostAliases", path, (alias, at) =>
        FieldRules.Address(alias.String("ip"), $"{at}.ip").Concat(FieldRules.EachText(alias, "hostnames", at, (host, place) => FieldRules.Text(host, place, Names.CheckSubdomain))));

    private static IEnumerable<FieldError> CheckServers(JsonObject config, string path) =>
        (config.Array("nameservers") is { Count: > MostServers } servers ? [FieldError.Invalid($"{path}.nameservers", servers.DeepClone(), $"must not have more than {MostServers} nameservers")] : Array.Empty<FieldError>())
            .Concat(FieldRules.EachText(config, "nameservers", path, FieldRules.Address));

    private static IEnumerable<FieldError> CheckSearches(JsonObject config, string path)
    {
        var searches = config.Array("searches") ?? [];
        if (searches.Count > MostSearches)
        {
            yield return FieldError.Invalid($"{path}.searches", searches.DeepClone(), $"must not have more than {MostSearches} search paths");
        }

        if (string.Join(' ', searches.Select(search => search.AsString())).Length > LongestSearches)
        {
            yield return FieldError.Invalid($"{path}.searches", searches.DeepClone(), $"must not have more than {LongestSearches} characters (including spaces) in the search list");
        }

        foreach (var error in FieldRules.EachText(config, "searches", path, CheckSearch))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckSearch(string search, string path)
    {
        var name = search.EndsWith('.') ? search[..^1] : search;
        return search == "." ? [] : FieldRules.Text(name, path, Names.CheckUnderscoredSubdomain);
    }
}
