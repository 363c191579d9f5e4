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
    public const string Prefix = "pod-security.kubernetes.io/";

    public bool IsPrivileged => Enforce.Level == SecurityLevel.Privileged && WarnsNothing;

    public bool WarnsNothing => Audit.Level == SecurityLevel.Privileged && Warn.Level == SecurityLevel.Privileged;

    /// <summary>A wrong label enforces the strictest level, and neither warns nor is audited.</summary>
    /// <param name="defaults">What holds where no label says anything; null: nothing is asked for.</param>
    public static (SecurityPolicy Policy, IReadOnlyList<FieldError> Errors) From(JsonObject? labels, SecurityPolicy? defaults = null, bool impliesWarnings = true)
    {
        var errors = new List<FieldError>();
        var enforce = Read(labels, "enforce", defaults?.Enforce ?? default, SecurityLevel.Restricted, errors);
        var audit = Read(labels, "audit", defaults?.Audit ?? default, SecurityLevel.Privileged, errors);
        var warn = Read(labels, "warn", defaults?.Warn ?? default, SecurityLevel.Privileged, errors);

        // What is enforced is also warned about where it cannot be enforced: in templates.
        if (impliesWarnings && labels.String(Prefix + "enforce") is not null && labels.String(Prefix + "warn") is null && labels.String(Prefix + "warn-version") is null && enforce.Level > warn.Level)
        {
            warn = enforce;
        }

        return (new SecurityPolicy(enforce, audit, warn), errors);
    }

    private static LevelVersion Read(JsonObject? labels, string mode, LevelVersion preset, SecurityLevel fallback, List<FieldError> errors)
    {
        var (level, minor) = (preset.Level, preset.Minor);
        if (labels.String(Prefix + mode) is { } text && !TryParse(text, out level))
        {
            errors.Add(FieldError.Invalid($"metadata.labels[{Prefix}{mode}]", text, "must be one of privileged, baseline, restricted"));
            level = fallback;
        }

        if (labels.String($"{Prefix}{mode}-version") is { } version && !TryParseVersion(version, out minor))
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
        return valid || text == "latest";
    }
}
