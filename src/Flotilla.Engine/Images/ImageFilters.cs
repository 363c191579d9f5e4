using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Images;

/// <summary>Which images <c>docker images</c> and <c>docker image prune</c> mean. Pure.</summary>
internal sealed class ImageFilters
{
    private readonly Filters filters;
    private readonly bool? dangling;
    private readonly DateTime until;

    /// <exception cref="DockerException">A value is none.</exception>
    private ImageFilters(Filters filters, DateTime now)
    {
        this.filters = filters;
        dangling = filters.Truth("dangling");
        until = UntilFilter.Parse(filters, now);
    }

    /// <summary>The names of the images to compare with; by their creation.</summary>
    public IReadOnlyList<string> Before => filters["before"];

    public IReadOnlyList<string> Since => filters["since"];

    public bool? Dangling => dangling;

    public static ImageFilters ForList(string? text, DateTime now) => new(Filters.Parse(text, "dangling", "label", "before", "since", "reference", "until"), now);

    public static ImageFilters ForPrune(string? text, DateTime now) => new(Filters.Parse(text, "dangling", "label", "label!", "until"), now);

    public bool Take(EngineImage image) =>
        (dangling is not { } wanted || (image.Tags.Count == 0) == wanted) && TakeWhatever(image);

    /// <summary>Whether it has a name or not.</summary>
    public bool TakeWhatever(EngineImage image) => image.Created <= until && filters.Labels("label", image.Labels) && filters.Without("label!", image.Labels);

    /// <summary>Of an image's tags those that were asked for; null: it was not asked for at all.</summary>
    public IReadOnlyList<string>? Tags(EngineImage image)
    {
        if (!filters.Has("reference"))
        {
            return image.Tags;
        }

        var meant = image.Tags.Where(tag => filters["reference"].Any(pattern => ReferencePattern.Matches(pattern, tag))).ToList();
        return meant.Count == 0 ? null : meant;
    }
}
