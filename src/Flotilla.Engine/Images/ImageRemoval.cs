using Flotilla.Docker;

namespace Flotilla.Engine.Images;

/// <summary>What <c>docker rmi</c> takes away: names, and where <paramref name="Deletes"/> says so all the rest too.</summary>
internal sealed record ImageRemoval(IReadOnlyList<string> Untagged, bool Deletes)
{
    /// <summary>Pure. A name goes alone as long as the image has others; an id goes with all its names.</summary>
    /// <param name="word">A name, an id or its beginning.</param>
    /// <exception cref="DockerException">Somebody uses it, or it has names that were not meant.</exception>
    public static ImageRemoval For(EngineImage image, string word, bool force, IReadOnlyList<ImageUser> users) =>
        image.IsId(word) ? ById(image, force, users) : ByName(image, word, force, users);

    private static ImageRemoval ById(EngineImage image, bool force, IReadOnlyList<ImageUser> users)
    {
        if (users.FirstOrDefault(user => user.IsRunning) is { } running)
        {
            throw Conflict(image, "cannot be forced", $"image is being used by running container {running.ShortId}");
        }

        if (!force && !IsSingle(image.References))
        {
            throw Conflict(image, "must be forced", "image is referenced in multiple repositories");
        }

        return force || users.Count == 0 ? new ImageRemoval(image.References, true) : throw Conflict(image, "must be forced", $"image is being used by stopped container {users[0].ShortId}");
    }

    private static ImageRemoval ByName(EngineImage image, string word, bool force, IReadOnlyList<ImageUser> users)
    {
        if (!force && IsSingle(image.References) && users.Count > 0)
        {
            throw new DockerException(409, $"conflict: unable to remove repository reference \"{word}\" (must force) - container {users[0].ShortId} is using its referenced image {image.ShortId}");
        }

        var full = ImageCatalog.FullName(word);
        List<string> gone = [full];
        if (!full.Contains('@', StringComparison.Ordinal) && !image.Tags.Any(tag => tag != full && RepositoryOf(tag) == RepositoryOf(full)))
        {
            // A digest of a repository goes with the last of its tags.
            gone.AddRange(image.References.Where(name => name.Contains('@', StringComparison.Ordinal) && RepositoryOf(name) == RepositoryOf(full)));
        }

        // One that runs keeps the image itself, without a name.
        return new ImageRemoval(gone, !image.References.Except(gone, StringComparer.Ordinal).Any() && !users.Any(user => user.IsRunning));
    }

    /// <summary>At most one tag, and digests of its repository alone.</summary>
    private static bool IsSingle(IReadOnlyList<string> references) =>
        references.Count(name => !name.Contains('@', StringComparison.Ordinal)) <= 1 && references.Select(RepositoryOf).Distinct(StringComparer.Ordinal).Count() <= 1;

    private static string RepositoryOf(string full) => full.IndexOf('@', StringComparison.Ordinal) is var at && at >= 0 ? full[..at] : full[..full.LastIndexOf(':')];

    private static DockerException Conflict(EngineImage image, string force, string reason) => new(409, $"conflict: unable to delete {image.ShortId} ({force}) - {reason}");
}
