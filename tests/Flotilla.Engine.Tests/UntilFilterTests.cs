using Flotilla.Docker;

namespace Flotilla.Engine.Tests;

public sealed class UntilFilterTests
{
    private static readonly DateTime Now = new(2024, 5, 6, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("1h30m", "2024-05-06T10:30:00Z")]
    [InlineData("0.5h", "2024-05-06T11:30:00Z")]
    [InlineData("90s", "2024-05-06T11:58:30Z")]
    [InlineData("0", "2024-05-06T12:00:00Z")]
    [InlineData("1714900000", "2024-05-05T09:06:40Z")]
    [InlineData("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z")]
    [InlineData("2024-01-02", "2024-01-02T00:00:00Z")]
    public void Is_a_duration_before_now_or_a_time(string text, string at) => Assert.Equal(at, UntilFilter.Parse(text, Now).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null));

    [Fact]
    public void Anything_else_is_refused() => Assert.Equal(400, Assert.Throws<DockerException>(() => UntilFilter.Parse("1 fortnight", Now)).Code);
}
