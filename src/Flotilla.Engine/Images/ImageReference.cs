namespace Flotilla.Engine.Images;

/// <summary>A full name of an image in its parts.</summary>
/// <param name="Path">The repository as its registry calls it.</param>
internal sealed record ImageReference(string Host, string Path, string? Tag, string? Digest)
{
    public string Repository => $"{Host}/{Path}";

    public string Full => Repository + (Tag is null ? "" : ":" + Tag) + (Digest is null ? "" : "@" + Digest);

    public static ImageReference Of(string full)
    {
        var at = full.IndexOf('@', StringComparison.Ordinal);
        var name = at < 0 ? full : full[..at];
        var colon = name.LastIndexOf(':');
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var isTagged = colon > name.LastIndexOf('/');
        return new ImageReference(name[..slash], isTagged ? name[(slash + 1)..colon] : name[(slash + 1)..], isTagged ? name[(colon + 1)..] : null, at < 0 ? null : full[(at + 1)..]);
    }
}
