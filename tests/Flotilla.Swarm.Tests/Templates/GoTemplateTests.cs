using Flotilla.Swarm.Tasks;
using Flotilla.Swarm.Templates;
using k8s.Models;

namespace Flotilla.Swarm.Tests.Templates;

public sealed class GoTemplateTests
{
    private static readonly TemplateStruct Values = new TaskValues("svc", "web", new Dictionary<string, string> { ["tier"] = "front", ["a.b"] = "dots" }, "task", "3")
        .On(new V1Node { Metadata = new V1ObjectMeta { Name = "n1", Uid = "00000000-0000-0000-0000-000000000001" }, Status = new V1NodeStatus { NodeInfo = new V1NodeSystemInfo { Architecture = "amd64", OperatingSystem = "linux" } } });

    [Theory]
    [InlineData("no template } at {all", "no template } at {all")]
    [InlineData("{{.Service.Name}}-{{ .Task.Slot }}", "web-3")]
    [InlineData("{{.Node.Hostname}} {{.Node.Platform.Architecture}}/{{.Node.Platform.OS}}", "n1 x86_64/linux")]
    [InlineData("{{.Task.Name}}", "web.3.task")]
    [InlineData("{{.Service.Labels.tier}} {{index .Service.Labels \"a.b\"}} {{index .Service.Labels \"none\"}}.", "front dots .")]
    [InlineData("{{.Service.Labels}}", "map[a.b:dots tier:front]")]
    [InlineData("a {{- /* } a \"comment */ -}} b", "ab")]
    [InlineData("{{if eq .Service.Name \"api\" \"web\"}}yes{{else}}no{{end}}", "yes")]
    [InlineData("{{if false}}1{{else if and true .Service.Name}}2{{else}}3{{end}}", "2")]
    [InlineData("{{range $key, $value := .Service.Labels}}{{$key}}={{$value}};{{end}}", "a.b=dots;tier=front;")]
    [InlineData("{{with $x := .Task}}{{$x.ID}} {{.Slot}} {{$.Service.ID}}{{end}}", "task 3 svc")]
    [InlineData("{{$n := \"a\"}}{{if true}}{{$n = \"b\"}}{{end}}{{$n}}", "b")]
    [InlineData("{{printf \"%s-%03d|%5s|%q\" .Service.Name 7 \"x\" `y` | print \"z\"}}", "zweb-007|    x|\"y\"")]
    [InlineData("{{join \",\" .Service.Name .Task.Slot}} {{len .Service.Name}} {{(index .Service.Labels \"tier\") | html}}", "web,3 3 front")]
    [InlineData("{{env \"HOME\"}}", "/root")]
    public void Fills_in(string template, string expected) => Assert.Equal(expected, GoTemplate.Parse(template).Execute(Values, new Dictionary<string, Func<IReadOnlyList<object?>, object?>> { ["env"] = words => words[0] is "HOME" ? "/root" : "" }));

    [Theory]
    [InlineData("{{.Service.Nam}}", "can't evaluate field Nam in type struct")]
    [InlineData("{{.Service.Labels.none}}", "map has no entry for key \"none\"")]
    [InlineData("{{nope}}", "function \"nope\" not defined")]
    [InlineData("{{.Service.Name", "unclosed action")]
    [InlineData("{{if true}}", "unexpected EOF")]
    [InlineData("{{end}}", "unexpected {{end}}")]
    [InlineData("{{\"a}}", "unclosed action")]
    [InlineData("{{.A | }}", "missing value for command")]
    [InlineData("{{$x}}", "undefined variable")]
    [InlineData("{{not}}", "wrong number of args for not")]
    [InlineData("{{ge 1}}", "wrong arguments")]
    public void Refuses(string template, string why) => Assert.Contains(why, Assert.Throws<TemplateException>(() => GoTemplate.Parse(template).Execute(Values)).Message, StringComparison.Ordinal);

    [Fact]
    public void Endless_nesting_is_refused_and_harms_nobody()
    {
        Assert.Throws<TemplateException>(() => GoTemplate.Parse("{{" + new string('(', 100_000)));
        Assert.Throws<TemplateException>(() => GoTemplate.Parse(string.Concat(Enumerable.Repeat("{{if true}}", 10_000))));
        Assert.Throws<TemplateException>(() => GoTemplate.Parse("{{" + string.Concat(Enumerable.Repeat(".a", 100_000)) + "}}"));
    }
}
