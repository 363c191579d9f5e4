using System.Text;
using Flotilla.Api.Json;
using Flotilla.Server.Http;

namespace Flotilla.Server.Tests.Http;

public sealed class YamlReaderTests
{
    [Fact]
    public void Refuses_a_few_bytes_that_stand_for_more_than_memory_holds()
    {
        var text = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < 12; i++)
        {
            text.Append($"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        Assert.Equal("error converting YAML to JSON: yaml: document contains excessive aliasing", Refusal(text.ToString()));
    }

    [Fact]
    public void Refuses_nesting_without_end() =>
        Assert.Equal("error converting YAML to JSON: yaml: exceeded max depth", Refusal(string.Concat(Enumerable.Repeat("[", 5000)) + string.Concat(Enumerable.Repeat("]", 5000))));

    [Fact]
    public void Refuses_half_a_character() =>
        Assert.Equal("error converting YAML to JSON: yaml: found invalid Unicode character escape code", Refusal("a: \"\\uD83D\\u0041\""));

    private static string Refusal(string yaml) => Assert.Throws<GoJsonException>(() => YamlReader.Parse(Encoding.UTF8.GetBytes(yaml))).Message;
}
