using System.Text;
using Flotilla.Api.Json;

namespace Flotilla.Api.Tests.Json;

public sealed class GoJsonTests
{
    [Theory]
    [InlineData("", "unexpected end of JSON input")]
    [InlineData("{\"a\":", "unexpected end of JSON input")]
    [InlineData("{not json", "invalid character 'n' looking for beginning of object key string")]
    [InlineData("{\"a\":1,}", "invalid character '}' looking for beginning of object key string")]
    [InlineData("{\"a\" 1}", "invalid character '1' after object key")]
    [InlineData("{\"a\":1 \"b\":2}", "invalid character '\"' after object key:value pair")]
    [InlineData("[1,]", "invalid character ']' looking for beginning of value")]
    [InlineData("[1 2]", "invalid character '2' after array element")]
    [InlineData("nope", "invalid character 'o' in literal null (expecting 'u')")]
    [InlineData("{} x", "invalid character 'x' after top-level value")]
    [InlineData("[01]", "invalid character '1' after array element")]
    [InlineData("[1.]", "invalid character ']' after decimal point in numeric literal")]
    [InlineData("[\"\\x\"]", "invalid character 'x' in string escape code")]
    [InlineData("[1e400]", "json: cannot unmarshal number 1e400 into Go value of type float64")]
    [InlineData("'a'", "invalid character '\\'' looking for beginning of value")]
    public void Says_what_breaks_a_text_in_Gos_words(string text, string message) =>
        Assert.Equal(message, Assert.Throws<GoJsonException>(() => GoJson.Parse(Encoding.UTF8.GetBytes(text))).Message);
}
