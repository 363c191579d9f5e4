using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>Names of attributes and capacities: <c>memory</c> or <c>driver.example.com/memory</c>.</summary>
internal static class QualifiedNames
{
    private const int LongestName = 32;
    private const string Identifier =
        "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";

    public static IEnumerable<FieldError> Check(string name, string path) => name.Split('/') switch
    {
        [var only] => CheckIdentifier(only, path),
        [var domain, var id] => (domain.Length == 0 ? [FieldError.Invalid(path, "", "the domain must not be empty")] : StorageSourceRules.DriverName(domain, path))
            .Concat(id.Length == 0 ? [FieldError.Invalid(path, "", "the name must not be empty")] : CheckIdentifier(id, path)),
        _ => [FieldError.Invalid(path, name, "must not contain more than one slash")],
    };

    /// <summary>One that must name its domain.</summary>
    public static IEnumerable<FieldError> CheckFull(string name, string path) => Check(name, path)
        .Concat(name.Contains('/', StringComparison.Ordinal) ? [] : [FieldError.Invalid(path, name, "a fully qualified name must be a domain and a name separated by a slash")]);

    private static IEnumerable<FieldError> CheckIdentifier(string id, string path)
    {
        if (id.Length > LongestName)
        {
            yield return FieldError.TooLong(path, LongestName);
        }

        if (id.Length == 0 || char.IsAsciiDigit(id[0]) || !id.All(letter => letter == '_' || char.IsAsciiLetterOrDigit(letter)))
        {
            yield return FieldError.Invalid(path, id, Identifier);
        }
    }
}
