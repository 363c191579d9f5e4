using Flotilla.Docker;
using Flotilla.Engine.Images;

namespace Flotilla.Engine.Commits;

/// <summary>How a new image is called, by the parameters <c>repo</c> and <c>tag</c>. Pure.</summary>
internal static class NewImageName
{
    /// <returns>Its full name, or none.</returns>
    /// <exception cref="DockerException">That is no name.</exception>
    public static IReadOnlyList<string> Of(DockerRequest request) =>
        request.Query("repo") is { Length: > 0 } repository ? [Of(request.Query("tag") is { Length: > 0 } tag ? $"{repository}:{tag}" : repository)] : [];

    /// <exception cref="DockerException">That is no name.</exception>
    public static string Of(string name)
    {
        var full = ImageCatalog.FullName(name);
        return full.Contains('@', StringComparison.Ordinal) ? throw DockerException.BadRequest("invalid reference format: an image is not named by a digest") : full;
    }
}
