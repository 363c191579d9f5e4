using System.Text.Json.Nodes;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Tests.Dockerfiles;

public sealed class SettingInstructionsTests
{
    [Theory]
    [InlineData("CMD a 'b'", """{"Cmd":["/bin/sh","-c","a 'b'"]}""", """CMD ["/bin/sh" "-c" "a 'b'"]""")]
    [InlineData("ENV A=1 B=\"x $OLD\" OLD=new", """{"Env":["OLD=new","A=1","B=x old"]}""", "ENV A=1 B=x old OLD=new")]
    [InlineData("ENV A one two", """{"Env":["OLD=old","A=one two"]}""", "ENV A=one two")]
    [InlineData("EXPOSE 90/udp 80-81", """{"ExposedPorts":{"90/udp":{},"80/tcp":{},"81/tcp":{}}}""", "EXPOSE 80-81 90/udp")]
    [InlineData("LABEL \"a b\"=c", """{"Labels":{"a b":"c"}}""", "LABEL a b=c")]
    [InlineData("VOLUME /a /b", """{"Volumes":{"/a":{},"/b":{}}}""", "VOLUME [/a /b]")]
    [InlineData("WORKDIR sub/../$OLD", """{"WorkingDir":"/old"}""", "WORKDIR /old")]
    [InlineData("STOPSIGNAL SIGINT", """{"StopSignal":"SIGINT"}""", "STOPSIGNAL SIGINT")]
    [InlineData("HEALTHCHECK --interval=1m --retries=2 CMD a b", """{"Healthcheck":{"Test":["CMD-SHELL","a b"],"Interval":60000000000,"Retries":2}}""", "HEALTHCHECK CMD a b")]
    public void Each_changes_what_the_image_says(string line, string changed, string history)
    {
        var settings = Parse("""{"Env":["OLD=old"]}""");
        Assert.Equal(history, Apply(settings, line));
        var expected = Parse("""{"Env":["OLD=old"]}""");
        foreach (var (name, value) in Parse(changed))
        {
            expected[name] = value?.DeepClone();
        }

        Assert.True(JsonNode.DeepEquals(expected, settings), settings.ToJsonString());
    }

    [Fact]
    public void An_entrypoint_takes_the_command_of_the_image_below_away_but_not_ones_own()
    {
        var settings = Parse("""{"Cmd":["old"]}""");
        var instructions = new SettingInstructions(settings, new ShellWords('\\', _ => null));
        instructions.Apply(One("ENTRYPOINT [\"a\"]"));
        Assert.Null(settings["Cmd"]);
        instructions.Apply(One("CMD [\"b\"]"));
        instructions.Apply(One("ENTRYPOINT [\"c\"]"));
        Assert.Equal("""{"Entrypoint":["c"],"Cmd":["b"]}""", settings.ToJsonString());
    }

    [Theory]
    [InlineData("ENV A", "ENV must have two arguments, a name and a value: ENV A=...")]
    [InlineData("ENV A=1 b", "Syntax error - can't find = in \"b\". Must be of the form: name=value")]
    [InlineData("ENV =1", "ENV names can not be blank")]
    [InlineData("EXPOSE x", "EXPOSE: invalid containerPort: x; a port or a range like 8000-8010, with /udp or not")]
    [InlineData("EXPOSE 1/x", "EXPOSE: invalid proto: x; it is tcp, udp or sctp")]
    [InlineData("STOPSIGNAL SIGNONE", "STOPSIGNAL: invalid signal: SIGNONE; a name like SIGTERM or a number")]
    [InlineData("HEALTHCHECK a", "Unknown type \"a\" in HEALTHCHECK (try CMD)")]
    [InlineData("HEALTHCHECK --intervall=1s CMD a", "unknown flag --intervall of HEALTHCHECK; it takes --interval, --timeout, --start-period, --start-interval, --retries")]
    [InlineData("SHELL bash", "SHELL: it is written as a JSON array: SHELL [\"/bin/bash\", \"-c\"]")]
    [InlineData("LABEL 'a=b", "LABEL: a single quote is not closed")]
    public void What_it_must_say_is_told(string line, string reason) => Assert.Equal(reason, Assert.Throws<DockerfileException>(() => Apply([], line)).Message);

    private static string Apply(JsonObject settings, string line) => new SettingInstructions(settings, new ShellWords('\\', name => name == "OLD" ? "old" : null)).Apply(One(line));

    private static Instruction One(string line) => Assert.Single(DockerfileParser.Parse(line).Instructions);

    private static JsonObject Parse(string text) => JsonNode.Parse(text)!.AsObject();
}
