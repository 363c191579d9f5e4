using System.Globalization;

namespace Flotilla.Docker;

/// <summary>A version of the Docker Engine API, e.g. 1.51.</summary>
public readonly record struct ApiVersion(int Major, int Minor) : IComparable<ApiVersion>
{
    public static readonly ApiVersion Newest = new(1, 51);
    public static readonly ApiVersion Oldest = new(1, 24);

    public int CompareTo(ApiVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    /// <summary>Takes the version off a path; a path without one is served as the newest.</summary>
    /// <exception cref="DockerException">The version is not served.</exception>
    public static (ApiVersion Version, string Path) Split(string path)
    {
        var end = path.IndexOf('/', 1);
        if (!path.StartsWith("/v", StringComparison.Ordinal) || !TryParse(end < 0 ? path.AsSpan(2) : path.AsSpan(2, end - 2), out var version))
        {
            return (Newest, path);
        }

        if (version.CompareTo(Newest) > 0)
        {
            throw DockerException.BadRequest($"client version {version} is too new. Maximum supported API version is {Newest}");
        }

        return version.CompareTo(Oldest) < 0
            ? throw DockerException.BadRequest($"client version {version} is too old. Minimum supported API version is {Oldest}, please upgrade your client to a newer version")
            : (version, end < 0 ? "/" : path[end..]);
    }

    private static bool TryParse(ReadOnlySpan<char> text, out ApiVersion version)
    {
        var dot = text.IndexOf('.');
        version = default;
        if (dot < 1 || !int.TryParse(text[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            || !int.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
        {
            return false;
        }

        version = new ApiVersion(major, minor);
        return true;
    }
}
