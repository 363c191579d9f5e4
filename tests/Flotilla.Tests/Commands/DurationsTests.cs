using Flotilla.Commands;

namespace Flotilla.Tests.Commands;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("30s", 30)]
    [InlineData("1.5m", 90)]
    [InlineData("24h", 86400)]
    [InlineData("7d", 604800)]
    [InlineData("0s", 0)]
    public void Spans_of_time_are_a_number_and_a_letter(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Durations.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("h")]
    [InlineData("10")]
    [InlineData("-1h")]
    [InlineData("1y")]
    public void Anything_else_is_refused(string text) => Assert.Null(Durations.Parse(text));
}
