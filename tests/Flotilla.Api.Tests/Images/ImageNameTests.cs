using Flotilla.Api.Images;

namespace Flotilla.Api.Tests.Images;

public sealed class ImageNameTests
{
    [Theory]
    [InlineData("my-image", "docker.io/library/my-image:latest")]
    [InlineData("team/app:1.2", "docker.io/team/app:1.2")]
    [InlineData("localhost/app", "localhost/app:latest")]
    [InlineData("registry.example.com:5000/a/b", "registry.example.com:5000/a/b:latest")]
    [InlineData("index.docker.io/library/x:1", "docker.io/library/x:1")]
    public void Short_names_are_completed(string image, string full) => Assert.Equal(full, ImageName.Normalize(image));

    [Fact]
    public void An_upper_case_repository_is_named_in_the_fault() =>
        Assert.Equal(
            "invalid reference format: repository name (library/UPPER) must be lowercase",
            Assert.Throws<FormatException>(() => ImageName.Normalize("UPPER:x")).Message);

    [Theory]
    [InlineData("a//b")]
    [InlineData("a:")]
    [InlineData("-a")]
    [InlineData("")]
    public void Malformed_names_are_refused(string image) => Assert.Throws<FormatException>(() => ImageName.Normalize(image));

    [Theory]
    [InlineData("a", true)]
    [InlineData("a:latest", true)]
    [InlineData("a:1", false)]
    [InlineData("a@sha256:00", false)]
    public void Latest_is_a_missing_tag_or_latest(string image, bool latest) => Assert.Equal(latest, ImageName.IsLatest(image));
}
