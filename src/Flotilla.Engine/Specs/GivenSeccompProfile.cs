using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;

namespace Flotilla.Engine.Specs;

/// <summary>A profile of <c>--security-opt seccomp=FILE</c>, of which the CLI sends the text. Pure.</summary>
internal static class GivenSeccompProfile
{
    private static readonly string[] Kept = ["defaultAction", "defaultErrnoRet", "flags", "listenerPath", "listenerMetadata"];
    private static readonly string[] KeptOfRules = ["action", "errnoRet", "args"];
    private static readonly string[] NotFiles = ["unconfined", "builtin"];

    /// <returns>The profile's text; null: none was given.</returns>
    public static string? Of(IEnumerable<string> securityOptions) =>
        securityOptions.Where(option => option.StartsWith("seccomp=", StringComparison.Ordinal) || option.StartsWith("seccomp:", StringComparison.Ordinal))
            .Select(option => option["seccomp=".Length..]).LastOrDefault() is { } text && !NotFiles.Contains(text) ? text : null;

    /// <summary>As the runtime wants it: the rules that are for these capabilities, this machine and this kernel.</summary>
    /// <returns>null: it restricts nothing.</returns>
    /// <exception cref="DockerException">It is no profile.</exception>
    public static JsonObject? Parse(string text, IReadOnlyCollection<string> capabilities, Architecture architecture, Version kernel)
    {
        var profile = Decode(text);
        if (profile.String("defaultAction") is not { Length: > 0 } && !profile.Objects("syscalls").Any())
        {
            return null;
        }

        var native = architecture == Architecture.Arm64 ? "arm64" : "amd64";
        var made = new JsonObject(Kept.Where(name => profile[name] is not null).Select(name => KeyValuePair.Create(name, profile[name]?.DeepClone())));
        made["architectures"] = Architectures(profile, native);
        made["syscalls"] = WireJson.Array(profile.Objects("syscalls").Where(rule => IsFor(rule, capabilities, native, kernel)).Select(Rule));
        return made;
    }

    private static JsonObject Decode(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw DockerException.BadRequest("Decoding seccomp profile failed: it is no JSON object");
        }
        catch (JsonException wrong)
        {
            throw DockerException.BadRequest($"Decoding seccomp profile failed: {wrong.Message}");
        }
    }

    private static JsonArray Architectures(JsonObject profile, string native)
    {
        var (given, map) = (profile.Array("architectures") is { Count: > 0 } list ? list : null, profile.Objects("archMap").ToList());
        if (given is not null && map.Count > 0)
        {
            throw DockerException.BadRequest("both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'");
        }

        var own = native == "arm64" ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64";
        return given?.DeepClone() as JsonArray
            ?? WireJson.Array(map.Where(entry => entry.String("architecture") == own).SelectMany(entry => (entry.Array("subArchitectures") ?? []).Select(sub => sub?.DeepClone()).Prepend(own)));
    }

    private static JsonObject Rule(JsonObject rule)
    {
        var names = rule.Array("names") is { Count: > 0 } list ? list : null;
        var name = rule.String("name") is { Length: > 0 } one ? one : null;
        if (names is not null && name is not null)
        {
            throw DockerException.BadRequest("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
        }

        var made = new JsonObject { ["names"] = names?.DeepClone() ?? new JsonArray(name ?? throw DockerException.BadRequest("a rule of the seccomp profile has no 'names'")) };
        foreach (var kept in KeptOfRules.Where(kept => rule[kept] is not null))
        {
            made[kept] = rule[kept]!.DeepClone();
        }

        return made;
    }

    private static bool IsFor(JsonObject rule, IReadOnlyCollection<string> capabilities, string native, Version kernel)
    {
        var (excludes, includes) = (rule.Object("excludes"), rule.Object("includes"));
        var isExcluded = Words(excludes, "arches").Contains(native) || Words(excludes, "caps").Any(capabilities.Contains) || (excludes.String("minKernel") is { Length: > 0 } below && kernel >= KernelOf(below));
        return !isExcluded
            && (Words(includes, "arches") is not { Length: > 0 } arches || arches.Contains(native))
            && Words(includes, "caps").All(capabilities.Contains)
            && (includes.String("minKernel") is not { Length: > 0 } least || kernel >= KernelOf(least));
    }

    private static Version KernelOf(string text) => Version.TryParse(text, out var version) ? version : throw DockerException.BadRequest($"invalid kernel version '{text}' in the seccomp profile; it is like 4.8");

    private static string[] Words(JsonObject? condition, string name) => [.. (condition.Array(name) ?? []).Select(word => word.AsString() ?? "")];
}
