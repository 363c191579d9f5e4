using Flotilla.Engine.Images;

namespace Flotilla.Engine.Tests.Images;

public sealed class ImageReferenceTests
{
    [Theory]
    [InlineData("docker.io/library/web:1", "docker.io", "library/web", "1", null)]
    [InlineData("localhost:5000/a/b:x", "localhost:5000", "a/b", "x", null)]
    [InlineData("localhost:5000/a@sha256:00", "localhost:5000", "a", null, "sha256:00")]
    [InlineData("localhost:5000/a:x@sha256:00", "localhost:5000", "a", "x", "sha256:00")]
    public void Is_taken_apart_and_put_together(string full, string host, string path, string? tag, string? digest)
    {
        Assert.Equal(new ImageReference(host, path, tag, digest), ImageReference.Of(full));
        Assert.Equal(full, ImageReference.Of(full).Full);
    }
}
