namespace Flotilla.Engine.Linux;

/// <summary>Paths in a container's files. Links in them mean what they mean there, and lead nowhere out.</summary>
internal static class ScopedPath
{
    private const int MostLinks = 100;

    /// <summary>The path on the machine; all links are followed, also a last one.</summary>
    /// <exception cref="IOException">Links lead in circles.</exception>
    public static string Resolve(string root, string path) => Resolve(root, path, followLast: true);

    /// <summary>The last name may be a link itself.</summary>
    public static string ResolveParent(string root, string path) => Resolve(root, path, followLast: false);

    private static string Resolve(string root, string path, bool followLast)
    {
        var rest = new Stack<string>(Names(path).Reverse());
        List<string> done = [];
        var links = 0;
        while (rest.TryPop(out var name))
        {
            if (name == "..")
            {
                if (done.Count > 0)
                {
                    done.RemoveAt(done.Count - 1);
                }

                continue;
            }

            var here = Path.Combine([root, .. done, name]);
            if ((rest.Count == 0 && !followLast) || Native.State(here) is not { IsLink: true } || new FileInfo(here).LinkTarget is not { } target)
            {
                done.Add(name);
                continue;
            }

            if (++links > MostLinks)
            {
                throw new IOException($"too many links in {path}");
            }

            if (target.StartsWith('/'))
            {
                done.Clear();
            }

            foreach (var word in Names(target).Reverse())
            {
                rest.Push(word);
            }
        }

        return Path.Combine([root, .. done]);
    }

    private static IEnumerable<string> Names(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(name => name != ".");
}
