using System.Buffers;

namespace Flotilla.Api.Validation;

/// <summary>The naming rules of the API. Each check returns null when the name is fine, else upstream's sentence.</summary>
public static class Names
{
    private static readonly SearchValues<char> LabelLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> NameLetters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
    private static readonly SearchValues<char> EnvironmentLetters = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(letter => letter != '=')]);

    private const string LabelMessage = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    private const string SubdomainMessage = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    private const string UnderscoredMessage = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9_]([-_a-z0-9]*[a-z0-9])?(\\.[a-z0-9_]([-_a-z0-9]*[a-z0-9])?)*')";
    private const string Label1035Message = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    private const string QualifiedMessage = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    private const string LabelValueMessage = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    private const string ConfigKeyMessage = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    private const string EnvironmentMessage = "a valid environment variable name must consist only of printable ASCII characters other than '='";
    private const string HeaderMessage = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
    private const string PathSegmentMessage = "may not be";

    public static string? CheckLabel(string name) =>
        name.Length > 63 ? "must be no more than 63 bytes" : IsLabel(name) ? null : LabelMessage;

    public static string? CheckLabel1035(string name) =>
        name.Length > 63 ? "must be no more than 63 bytes" : IsLabel(name) && char.IsAsciiLetterLower(name[0]) ? null : Label1035Message;

    public static string? CheckSubdomain(string name) =>
        name.Length > 253 ? "must be no more than 253 bytes" : IsSubdomain(name) ? null : SubdomainMessage;

    /// <summary>Like a subdomain, with underscores: what resolvers search.</summary>
    public static string? CheckUnderscoredSubdomain(string name) =>
        name.Length > 253 ? "must be no more than 253 bytes" : name.Split('.').All(IsUnderscoredLabel) ? null : UnderscoredMessage;

    public static string? CheckHeaderName(string name) => name.Length > 0 && name.All(letter => letter == '-' || char.IsAsciiLetterOrDigit(letter)) ? null : HeaderMessage;

    /// <summary>RBAC names and the like: anything that can be one segment of a URL path.</summary>
    public static string? CheckPathSegment(string name) => name switch
    {
        "." or ".." => $"{PathSegmentMessage} '{name}'",
        _ when name.Contains('/', StringComparison.Ordinal) => "may not contain '/'",
        _ when name.Contains('%', StringComparison.Ordinal) => "may not contain '%'",
        _ => null,
    };

    public static string? CheckLabelValue(string value) =>
        value.Length > 63 ? "must be no more than 63 bytes" : (value.Length == 0 || IsName(value)) ? null : LabelValueMessage;

    /// <summary>A label or annotation key: optional DNS prefix, slash, name.</summary>
    public static string? CheckLabelKey(string key)
    {
        var parts = key.Split('/');
        switch (parts.Length)
        {
            case 1:
                return CheckNamePart(parts[0]);
            case 2 when parts[0].Length == 0:
                return "prefix part must be non-empty";
            case 2 when CheckSubdomain(parts[0]) is { } error:
                return "prefix part " + error;
            case 2:
                return CheckNamePart(parts[1]);
            default:
                return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
        }
    }

    public static string? CheckConfigKey(string key) => key switch
    {
        { Length: > 253 } => "must be no more than 253 bytes",
        _ when key.Length == 0 || key.AsSpan().ContainsAnyExcept(NameLetters) => ConfigKeyMessage,
        "." => "must not be '.'",
        ".." => "must not be '..'",
        _ when key.StartsWith("..", StringComparison.Ordinal) => "must not start with '..'",
        _ => null,
    };

    public static string? CheckEnvironmentName(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(EnvironmentLetters) ? null : EnvironmentMessage;

    /// <summary>A port's name: at most 15 lower-case letters, digits and single dashes, with a letter.</summary>
    public static IEnumerable<string> CheckPortName(string name)
    {
        if (name.Length > 15)
        {
            yield return "must be no more than 15 characters";
        }

        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(LabelLetters))
        {
            yield return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        }

        if (!name.Any(char.IsAsciiLetterLower))
        {
            yield return "must contain at least one letter (a-z)";
        }

        if (name.Contains("--", StringComparison.Ordinal))
        {
            yield return "must not contain consecutive hyphens";
        }

        if (name.StartsWith('-') || name.EndsWith('-'))
        {
            yield return "must not begin or end with a hyphen";
        }
    }

    private static string? CheckNamePart(string name) => name switch
    {
        { Length: 0 } => "name part must be non-empty",
        { Length: > 63 } => "name part must be no more than 63 bytes",
        _ => IsName(name) ? null : QualifiedMessage,
    };

    private static bool IsLabel(ReadOnlySpan<char> text) =>
        text.Length > 0 && IsLowerOrDigit(text[0]) && IsLowerOrDigit(text[^1]) && !text.ContainsAnyExcept(LabelLetters);

    private static bool IsUnderscoredLabel(string text) =>
        text.Length > 0 && text[0] != '-' && (text.Length == 1 || IsLowerOrDigit(text[^1])) && text.All(letter => letter is '-' or '_' || IsLowerOrDigit(letter));

    private static bool IsSubdomain(ReadOnlySpan<char> text)
    {
        foreach (var part in text.Split('.'))
        {
            if (!IsLabel(text[part]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsName(ReadOnlySpan<char> text) =>
        text.Length > 0 && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]) && !text.ContainsAnyExcept(NameLetters);

    private static bool IsLowerOrDigit(char letter) => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter);
}
