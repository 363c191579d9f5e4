using System.Text.Json.Nodes;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Tests.Containers;

public sealed class ImageSettingsTests
{
    private static readonly JsonObject Image = Json("""{"Entrypoint":["/serve"],"Cmd":["-v"],"Env":["PATH=/bin","A=image"],"WorkingDir":"/srv","ExposedPorts":{"80/tcp":{}},"Labels":{"a":"image","b":"image"}}""");

    [Theory]
    [InlineData("{}", """["/serve"]""", """["-v"]""")]
    [InlineData("""{"Cmd":["-x"]}""", """["/serve"]""", """["-x"]""")]
    [InlineData("""{"Entrypoint":["sh"]}""", """["sh"]""", null)]
    [InlineData("""{"Entrypoint":["sh"],"Cmd":["-c"]}""", """["sh"]""", """["-c"]""")]
    [InlineData("""{"Entrypoint":[""],"Cmd":["ls"]}""", null, """["ls"]""")]
    public void Who_says_an_entrypoint_says_the_command_too(string given, string? entrypoint, string? command)
    {
        var config = ImageSettings.Merge(Json(given), Image);
        Assert.Equal((entrypoint, command), (config["Entrypoint"]?.ToJsonString(), config["Cmd"]?.ToJsonString()));
    }

    [Fact]
    public void The_rest_is_filled_up()
    {
        var config = ImageSettings.Merge(Json("""{"Env":["A=user","B=1"],"Labels":{"a":"user"},"ExposedPorts":{"81/tcp":{}}}"""), Image);
        Assert.Equal("""["A=user","B=1","PATH=/bin"]""", config["Env"]!.ToJsonString());
        Assert.Equal("""{"a":"user","b":"image"}""", config["Labels"]!.ToJsonString());
        Assert.Equal("""{"81/tcp":{},"80/tcp":{}}""", config["ExposedPorts"]!.ToJsonString());
        Assert.Equal("/srv", (string?)config["WorkingDir"]);
    }

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
