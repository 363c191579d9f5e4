namespace Flotilla.Docker;

/// <param name="Pattern">Segments of the path; <c>{id}</c> is one of them, <c>{name*}</c> as many as it takes.</param>
public sealed record Route(string Method, string Pattern, Func<DockerRequest, CancellationToken, Task<DockerAnswer>> AnswerAsync)
{
    private readonly string[] segments = Pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The words for the pattern's braces; null: another path.</summary>
    public IReadOnlyDictionary<string, string>? Match(string[] path)
    {
        Dictionary<string, string> words = new(StringComparer.Ordinal);
        var rest = path.Length - segments.Length;
        var at = 0;
        foreach (var segment in segments)
        {
            var taken = segment.EndsWith("*}", StringComparison.Ordinal) ? rest + 1 : 1;
            if (taken < 1 || at + taken > path.Length)
            {
                return null;
            }

            if (segment[0] == '{')
            {
                words[segment.Trim('{', '}', '*')] = Uri.UnescapeDataString(string.Join('/', path[at..(at + taken)]));
            }
            else if (segment != path[at])
            {
                return null;
            }

            at += taken;
        }

        return at == path.Length ? words : null;
    }
}

/// <summary>What the Docker API answers, each path with the one who does.</summary>
public sealed class RouteTable(IEnumerable<Route> routes)
{
    private readonly Route[] all = [.. routes];

    /// <summary>Fixed words win over braces: the longest fixed pattern that matches.</summary>
    /// <exception cref="DockerException">There is no such page.</exception>
    public (Route Route, IReadOnlyDictionary<string, string> Words) Find(string method, string path)
    {
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        (Route, IReadOnlyDictionary<string, string>)? found = null;
        var fewest = int.MaxValue;
        foreach (var route in all)
        {
            if (route.Method == method && route.Match(segments) is { } words && words.Count < fewest)
            {
                (found, fewest) = ((route, words), words.Count);
            }
        }

        return found ?? throw new DockerException(404, "page not found");
    }
}
