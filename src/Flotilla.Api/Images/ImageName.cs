namespace Flotilla.Api.Images;

/// <summary>Full names of images: <c>my-image</c> means <c>docker.io/library/my-image:latest</c>.</summary>
public static class ImageName
{
    /// <exception cref="FormatException">With the words the container world uses for this fault.</exception>
    public static string Normalize(string image)
    {
        if (image.Length == 0)
        {
            throw new FormatException("invalid reference format");
        }
        var (name, digest) = Cut(image, '@');
        var (domain, path) = SplitDomain(name);
        var (repository, tag) = CutTag(path);
        Check(repository, tag, digest);
        if (digest is not null)
        {
            return tag is null ? $"{domain}/{repository}@{digest}" : $"{domain}/{repository}:{tag}@{digest}";
        }
        return $"{domain}/{repository}:{tag ?? "latest"}";
    }

    /// <summary>Whether a tag or digest is missing, or the tag is <c>latest</c>: what makes pull policy Always the default.</summary>
    public static bool IsLatest(string image)
    {
        var (name, digest) = Cut(image, '@');
        return digest is null && CutTag(SplitDomain(name).Path).Tag is null or "latest";
    }

    /// <summary>As users write it: without what a short name means anyway.</summary>
    public static string Familiar(string full) =>
        full.StartsWith("docker.io/library/", StringComparison.Ordinal) ? full["docker.io/library/".Length..]
        : full.StartsWith("docker.io/", StringComparison.Ordinal) ? full["docker.io/".Length..] : full;

    private static (string Domain, string Path) SplitDomain(string name)
    {
        var slash = name.IndexOf('/');
        var first = slash < 0 ? "" : name[..slash];
        var isDomain = first.Length > 0
            && (first.Contains('.') || first.Contains(':') || first == "localhost" || first.Any(char.IsAsciiLetterUpper));
        var (domain, path) = isDomain ? (first, name[(slash + 1)..]) : ("docker.io", name);
        if (domain == "index.docker.io")
        {
            domain = "docker.io";
        }
        return domain == "docker.io" && !path.Contains('/') ? (domain, "library/" + path) : (domain, path);
    }

    private static (string Repository, string? Tag) CutTag(string path)
    {
        var colon = path.LastIndexOf(':');
        return colon > path.LastIndexOf('/') ? (path[..colon], path[(colon + 1)..]) : (path, null);
    }

    private static (string Head, string? Tail) Cut(string text, char separator)
    {
        var at = text.IndexOf(separator);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }

    private static void Check(string repository, string? tag, string? digest)
    {
        if (repository.Any(char.IsAsciiLetterUpper))
        {
            throw new FormatException($"invalid reference format: repository name ({repository}) must be lowercase");
        }
        var wellFormed = repository.Split('/').All(IsComponent)
            && (tag is null || (tag.Length is > 0 and <= 128 && tag[0] is not ('.' or '-') && tag.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')))
            && (digest is null || (digest.StartsWith("sha256:", StringComparison.Ordinal) && digest.Length == 71 && digest[7..].All(char.IsAsciiHexDigitLower)));
        if (!wellFormed)
        {
            throw new FormatException("invalid reference format");
        }
    }

    private static bool IsComponent(string component) =>
        component.Length > 0
        && char.IsAsciiLetterOrDigit(component[0])
        && char.IsAsciiLetterOrDigit(component[^1])
        && component.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-');
}
