using System.Text.RegularExpressions;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>The named forms and what is said when a text does not fit. The lengths of patterns are upstream's cost figures.</summary>
internal static partial class Formats
{
    private const string Label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    private const string Subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    private const string Label1035 = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    private const string NamePart = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    private const string LabelValue = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    private const string QualifiedNameForm = "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";

    public static readonly IReadOnlyDictionary<string, NamedFormat> All = new Dictionary<string, NamedFormat>(StringComparer.Ordinal)
    {
        ["dns1123Label"] = new("DNS1123Label", 30, text => Name(text, 63, LabelForm(), Label)),
        ["dns1123Subdomain"] = new("DNS1123Subdomain", 60, text => Name(text, 253, SubdomainForm(), Subdomain)),
        ["dns1035Label"] = new("DNS1035Label", 30, text => Name(text, 63, Label1035Form(), Label1035)),
        ["qualifiedName"] = new("QualifiedName", 60, QualifiedName),
        ["dns1123LabelPrefix"] = new("DNS1123LabelPrefix", 30, text => Name(WithoutDash(text), 63, LabelForm(), Label)),
        ["dns1123SubdomainPrefix"] = new("DNS1123SubdomainPrefix", 60, text => Name(WithoutDash(text), 253, SubdomainForm(), Subdomain)),
        ["dns1035LabelPrefix"] = new("DNS1035LabelPrefix", 30, text => Name(WithoutDash(text), 63, Label1035Form(), Label1035)),
        ["labelValue"] = new("LabelValue", 40, text => Name(text, 63, ValueForm(), LabelValue)),
        ["uri"] = new("URI", 911, text => RequestUri.Parse(text, out var problem) is null ? [$"parse {TextFormat.Quote(text)}: {problem}"] : []),
        ["uuid"] = new("uuid", 74, text => UuidForm().IsMatch(text) ? [] : ["does not match the UUID format"]),
        ["byte"] = new("byte", 72, text => IsBase64(text) ? [] : ["invalid base64"]),
        ["date"] = new("date", 123, text => Timestamps.ParseDate(text) is null ? ["invalid date"] : []),
        ["datetime"] = new("datetime", 123, text => Timestamps.Parse(text.ToUpperInvariant()) is null ? ["invalid datetime"] : []),
    };

    private static IEnumerable<string> Name(string text, int maxLength, Regex form, string message)
    {
        if (text.Length > maxLength)
        {
            yield return $"must be no more than {maxLength} characters";
        }
        if (!form.IsMatch(text))
        {
            yield return message;
        }
    }

    private static IEnumerable<string> QualifiedName(string text)
    {
        var parts = text.Split('/');
        if (parts.Length > 2)
        {
            return [QualifiedNameForm];
        }
        IEnumerable<string> prefix = parts.Length == 1 ? [] : parts[0].Length == 0 ? ["prefix part must be non-empty"]
            : Name(parts[0], 253, SubdomainForm(), Subdomain).Select(problem => "prefix part " + problem);
        var name = parts[^1];
        IEnumerable<string> length = name.Length == 0 ? ["name part must be non-empty"] : name.Length > 63 ? ["name part must be no more than 63 characters"] : [];
        return [.. prefix, .. length, .. NameForm().IsMatch(name) ? [] : (string[])[NamePart]];
    }

    /// <summary>A prefix of a generated name may end in a dash: something follows it.</summary>
    private static string WithoutDash(string prefix) => prefix.Length > 1 && prefix[^1] == '-' ? prefix[..^2] + "a" : prefix;

    private static bool IsBase64(string text) => Convert.TryFromBase64String(text, new byte[text.Length], out _) && text.Length > 0;

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex LabelForm();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex SubdomainForm();

    [GeneratedRegex(@"^[a-z]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Label1035Form();

    [GeneratedRegex(@"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex NameForm();

    [GeneratedRegex(@"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex ValueForm();

    [GeneratedRegex(@"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\z", RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex UuidForm();
}
