namespace Flotilla.Api.Validation;

/// <summary>Rules for file paths that stand in objects.</summary>
internal static class PathRules
{
    /// <summary>No element may be <c>..</c>; one error tells it.</summary>
    public static IEnumerable<FieldError> NoBacksteps(string text, string path) =>
        text.Split('/').Contains("..") ? [FieldError.Invalid(path, text, "must not contain '..'")] : [];

    /// <summary>A path below some directory.</summary>
    public static IEnumerable<FieldError> Descending(string text, string path) =>
        (text.StartsWith('/') ? [FieldError.Invalid(path, text, "must be a relative path")] : Array.Empty<FieldError>()).Concat(NoBacksteps(text, path));

    /// <summary>Names that begin with two dots belong to whoever writes the directory.</summary>
    public static IEnumerable<FieldError> NotReserved(string text, string path) =>
        Descending(text, path).Concat(text.StartsWith("..", StringComparison.Ordinal) && !text.StartsWith("../", StringComparison.Ordinal)
            ? [FieldError.Invalid(path, text, "must not start with '..'")] : []);
}
