namespace Flotilla.Docker;

/// <summary>Which object a word means: its whole id, else its exact name, else the beginning of its id.</summary>
public static class Lookup
{
    /// <exception cref="DockerException">None, or several.</exception>
    public static T Find<T>(string noun, string word, IReadOnlyCollection<T> all, Func<T, string> id, Func<T, string?> name)
        where T : class =>
        all.FirstOrDefault(value => id(value) == word)
        ?? OneOf(noun, word, [.. all.Where(value => name(value) == word)])
        ?? OneOf(noun, word, all.Where(value => word.Length > 0 && id(value).StartsWith(word, StringComparison.Ordinal)).ToList())
        ?? throw DockerException.NotFound(noun, word);

    private static T? OneOf<T>(string noun, string word, List<T> found)
        where T : class =>
        found.Count > 1 ? throw DockerException.BadRequest($"{noun} {word} is ambiguous ({found.Count} matches found)") : found.FirstOrDefault();
}
