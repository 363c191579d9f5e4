namespace Flotilla.Docker.Tests;

public sealed class RouteTableTests
{
    private readonly RouteTable routes = new(new[] { "/services", "/services/create", "/services/{id}", "/services/{id}/logs", "/distribution/{name*}/json" }
        .Select(pattern => new Route("GET", pattern, (_, _) => throw new NotSupportedException())));

    [Theory]
    [InlineData("/services/create", "/services/create", "")]
    [InlineData("/services/web", "/services/{id}", "id=web")]
    [InlineData("/services/web/logs", "/services/{id}/logs", "id=web")]
    [InlineData("/distribution/host:5000/a/b:1/json", "/distribution/{name*}/json", "name=host:5000/a/b:1")]
    [InlineData("/services/a%20b", "/services/{id}", "id=a b")]
    public void Finds_the_most_exact_pattern(string path, string pattern, string words)
    {
        var (route, found) = routes.Find("GET", path);
        Assert.Equal(pattern, route.Pattern);
        Assert.Equal(words, string.Join(',', found.Select(word => $"{word.Key}={word.Value}")));
    }

    [Theory]
    [InlineData("POST", "/services")]
    [InlineData("GET", "/services/web/other")]
    [InlineData("GET", "/distribution/json")]
    public void Says_that_there_is_no_page(string method, string path) => Assert.Equal("page not found", Assert.Throws<DockerException>(() => routes.Find(method, path)).Message);

    [Theory]
    [InlineData("/v1.51/info", "/info")]
    [InlineData("/v1.24/info", "/info")]
    [InlineData("/info", "/info")]
    [InlineData("/volumes", "/volumes")]
    public void Takes_the_version_off(string path, string rest) => Assert.Equal(rest, ApiVersion.Split(path).Path);

    [Theory]
    [InlineData("/v1.99/info", "client version 1.99 is too new. Maximum supported API version is 1.51")]
    [InlineData("/v1.10/info", "client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version")]
    public void Refuses_versions_it_does_not_serve(string path, string message) => Assert.Equal(message, Assert.Throws<DockerException>(() => ApiVersion.Split(path)).Message);
}
