using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>The operating system of a pod, and the fields that belong to one of the two only.</summary>
internal static partial class WindowsRules
{
    private const string NotForWindows = "cannot be set for a windows pod";
    private const string NotForLinux = "windows options cannot be set for a linux pod";
    private const int LongestSpecKiB = 64;
    private const int LongestDomain = 256;
    private const int LongestUser = 104;

    private static readonly string[] Lists = ["initContainers", "containers", "ephemeralContainers"];
    private static readonly string[] PodContext = ["appArmorProfile", "seLinuxOptions"];
    private static readonly string[] PodSpec = ["hostUsers", "hostPID", "hostIPC"];
    private static readonly string[] PodFiles = ["seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls"];
    private static readonly string[] PodIds = ["runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"];

    private static readonly string[] ContainerContext =
    [
        "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
    ];

    public static IEnumerable<FieldError> CheckSystem(JsonObject spec, string path)
    {
        if (spec.Object("os") is not { } system)
        {
            return [];
        }

        return system.String("name") switch
        {
            null or "" => [FieldError.Required($"{path}.os.name", "cannot be empty")],
            "linux" => FieldRules.Absent(spec.Object("securityContext"), $"{path}.securityContext", NotForLinux, "windowsOptions").Concat(Containers(spec, path, NotForLinux, ["windowsOptions"])),
            "windows" => CheckWindows(spec, path),
            var other => [FieldError.NotSupported($"{path}.os", other, ["linux", "windows"])],
        };
    }

    public static IEnumerable<FieldError> CheckOptions(JsonObject? options, string path)
    {
        foreach (var error in FieldRules.Named(options, "gmsaCredentialSpecName", path, Names.CheckSubdomain))
        {
            yield return error;
        }

        switch (options.String("gmsaCredentialSpec"))
        {
            case { Length: 0 }:
                yield return FieldError.Invalid($"{path}.gmsaCredentialSpec", "", "gmsaCredentialSpec cannot be an empty string");
                break;
            case { Length: > LongestSpecKiB * 1024 } text:
                yield return FieldError.Invalid($"{path}.gmsaCredentialSpec", text, $"gmsaCredentialSpec size must be under {LongestSpecKiB} KiB");
                break;
        }

        if (options.String("runAsUserName") is { } user)
        {
            foreach (var wrong in WrongUser(user))
            {
                yield return FieldError.Invalid($"{path}.runAsUserName", user, wrong);
            }
        }
    }

    /// <summary>One container that is a process of the host makes all of them such, on the host's network.</summary>
    public static IEnumerable<FieldError> CheckHostProcess(JsonObject spec, string path)
    {
        var own = spec.Object("securityContext").Object("windowsOptions").Boolean("hostProcess");
        var containers = Lists
            .SelectMany(list => spec.Objects(list).Select((container, i) => (Path: $"{path}.{list}", At: i, Value: container.Object("securityContext").Object("windowsOptions").Boolean("hostProcess")))).ToList();
        if (own is null && containers.TrueForAll(container => container.Value is null))
        {
            yield break;
        }

        foreach (var (list, i, value) in containers.Where(container => own is not null && container.Value is not null && container.Value != own))
        {
            yield return FieldError.Invalid($"{FieldRules.Indexed(list, i)}.securityContext.windowsOptions.hostProcess", value, $"pod hostProcess value must be identical if both are specified, was {(own == true ? "true" : "false")}");
        }

        var count = containers.Count(container => (container.Value ?? own) == true);
        if (count > 0 && count != containers.Count)
        {
            yield return FieldError.Invalid(path, "", "If pod contains any hostProcess containers then all containers must be HostProcess containers");
        }

        if (count > 0 && spec.Boolean("hostNetwork") != true)
        {
            yield return FieldError.Invalid($"{path}.hostNetwork", false, "hostNetwork must be true if pod contains any hostProcess containers");
        }
    }

    private static IEnumerable<FieldError> CheckWindows(JsonObject spec, string path)
    {
        var (context, at) = (spec.Object("securityContext"), $"{path}.securityContext");
        return FieldRules.Absent(context, at, NotForWindows, PodContext).Concat(FieldRules.Absent(spec, path, NotForWindows, PodSpec))
            .Concat(FieldRules.Absent(context, at, NotForWindows, PodFiles)).Concat(FieldRules.Absent(spec, path, NotForWindows, "shareProcessNamespace"))
            .Concat(FieldRules.Absent(context, at, NotForWindows, PodIds)).Concat(Containers(spec, path, NotForWindows, ContainerContext));
    }

    private static IEnumerable<FieldError> Containers(JsonObject spec, string path, string detail, string[] fields) =>
        Lists.SelectMany(list => FieldRules.Each(spec, list, path, (container, at) =>
            FieldRules.Absent(container.Object("securityContext"), $"{at}.securityContext", detail, fields)));

    private static IEnumerable<string> WrongUser(string name)
    {
        var parts = name.Split('\\');
        return name switch
        {
            "" => ["runAsUserName cannot be an empty string"],
            _ when name.Any(char.IsControl) => ["runAsUserName cannot contain control characters"],
            _ when parts.Length > 2 => ["runAsUserName cannot contain more than one backslash"],
            _ => WrongDomain(parts.Length == 2 ? parts[0] : null).Concat(WrongAccount(parts[^1])),
        };
    }

    private static IEnumerable<string> WrongDomain(string? domain)
    {
        if (domain?.Length >= LongestDomain)
        {
            yield return $"runAsUserName's Domain length must be under {LongestDomain} characters";
        }

        if (domain is not null && !NetBios().IsMatch(domain) && !DomainNames().IsMatch(domain))
        {
            yield return "runAsUserName's Domain doesn't match the NetBios nor the DNS format";
        }
    }

    private static IEnumerable<string> WrongAccount(string user)
    {
        if (user.Length == 0)
        {
            yield return "runAsUserName's User cannot be empty";
        }
        else if (user.Length > LongestUser)
        {
            yield return $"runAsUserName's User length must not be longer than {LongestUser} characters";
        }
        else if (user.Trim('.', ' ').Length == 0)
        {
            yield return "runAsUserName's User cannot contain only periods or spaces";
        }

        if (user.AsSpan().ContainsAny("\"/:;|=,+*?<>@[]"))
        {
            yield return "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]";
        }
    }

    [GeneratedRegex(@"^[^\\/:*?""<>|.][^\\/:*?""<>|]{0,14}\z", RegexOptions.NonBacktracking)]
    private static partial Regex NetBios();

    [GeneratedRegex(@"^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex DomainNames();
}
