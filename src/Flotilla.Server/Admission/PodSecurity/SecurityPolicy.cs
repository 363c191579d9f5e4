using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Server.Admission.PodSecurity;

internal enum SecurityLevel
{
    Privileged,
    Baseline,
    Restricted,
}

/// <summary>A level as it was in one release. <see cref="Minor"/> null: the latest.</summary>
internal readonly record struct LevelVersion(SecurityLevel Level, int? Minor)
{
    public bool IsAtLeast(int minor) => Minor is not { } own || own >= minor;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Level.ToString().ToLowerInvariant()}:{(Minor is { } minor ? $"v1.{minor}" : "latest")}");
}

/// <summary>What a namespace's labels ask for: refuse, note in the audit log, warn.</summary>
internal sealed record SecurityPolicy(LevelVersion Enforce, LevelVersion Audit, LevelVersion Warn)
{
    private const string Prefix = "pod-security.kubernetes.io/";

    public bool IsPrivileged => Enforce.Level == SecurityLevel.Privileged && WarnsNothing;

    public bool WarnsNothing => Audit.Level == SecurityLevel.Privileged && Warn.Level == SecurityLevel.Privileged;

    /// <summary>A wrong label enforces the strictest level, and neither warns nor is audited.</summary>
    public static (SecurityPolicy Policy, IReadOnlyList<FieldError> Errors) From(JsonObject? labels)
    {
        var errors = new List<FieldError>();
        var enforce = Read(labels, "enforce", SecurityLevel.Restricted, errors);
        var audit = Read(labels, "audit", SecurityLevel.Privileged, errors);
        var warn = Read(labels, "warn", SecurityLevel.Privileged, errors);

        // What is enforced is also warned about where it cannot be enforced: in templates.
        if (labels.String(Prefix + "warn") is null && labels.String(Prefix + "warn-version") is null && enforce.Level > warn.Level)
        {
            warn = enforce;
        }

        return (new SecurityPolicy(enforce, audit, warn), errors);
    }

    private static LevelVersion Read(JsonObject? labels, string mode, SecurityLevel fallback, List<FieldError> errors)
    {
        var level = SecurityLevel.Privileged;
        if (labels.String(Prefix + mode) is { } text && !TryParse(text, out level))
        {
            errors.Add(FieldError.Invalid($"metadata.labels[{Prefix}{mode}]", text, "must be one of privileged, baseline, restricted"));
            level = fallback;
        }

        int? minor = null;
        if (labels.String($"{Prefix}{mode}-version") is { } version && version != "latest" && !TryParseVersion(version, out minor))
        {
            errors.Add(FieldError.Invalid($"metadata.labels[{Prefix}{mode}-version]", version, "must be \"latest\" or \"v1.x\""));
        }

        return new LevelVersion(level, minor);
    }

    private static bool TryParse(string text, out SecurityLevel level)
    {
        level = text switch { "baseline" => SecurityLevel.Baseline, "restricted" => SecurityLevel.Restricted, _ => SecurityLevel.Privileged };
        return text is "privileged" or "baseline" or "restricted";
    }

    private static bool TryParseVersion(string text, out int? minor)
    {
        var valid = text.StartsWith("v1.", StringComparison.Ordinal) && int.TryParse(text.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && text == string.Create(CultureInfo.InvariantCulture, $"v1.{number}");
        minor = valid ? int.Parse(text.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture) : null;
        return valid;
    }
}
