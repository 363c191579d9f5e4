using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Tests;

public sealed class LenientTextTests
{
    [Fact]
    public void Reads_what_is_not_Unicode_as_replacement_characters()
    {
        byte[] json = [.. "{\"a\":\"x"u8, 0xFF, .. "y\",\"b\":\"\\uD83D\\n\",\"\\uDEA2\":1}"u8];
        var value = (JsonObject)GoJson.Parse(json)!;
        Assert.Equal("x\uFFFDy", (string?)value["a"]);
        Assert.Equal("\uFFFD\n", (string?)value["b"]);
        Assert.Equal(1, (long)value["\uFFFD"]!);
    }
}
