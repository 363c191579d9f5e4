using Flotilla.Engine.Building;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Tests.Building;

public sealed class BuildPlanTests
{
    private const string Stages = "ARG V=1\nFROM base:$V AS Build\nRUN a\nFROM scratch\nCOPY --from=build /a /\nFROM 0\n";

    [Fact]
    public void Stages_have_names_and_numbers_and_the_wanted_one_is_the_last()
    {
        var plan = Plan(Stages);
        Assert.Equal([("base:$V", "build", 1), ("scratch", "", 1), ("0", "", 0)], plan.Stages.Select(stage => (stage.Base, stage.Name, stage.Instructions.Count)));
        Assert.Equal((1, 6), (plan.Arguments.Count, plan.Steps));
        Assert.Single(Plan(Stages, "BUILD").Stages);
        Assert.Equal(2, Plan(Stages, "1").Stages.Count);
    }

    [Fact]
    public void Labels_are_a_last_step_that_means_what_it_says()
    {
        var last = BuildPlan.For(Stages, "build", [KeyValuePair.Create("b", "it's $V"), KeyValuePair.Create("a", "")]).Stages[^1].Instructions[^1];
        Assert.Equal(("LABEL", "a='' b='it'\"'\"'s $V'"), (last.Keyword, last.Rest));
        Assert.Equal([("a", ""), ("b", "it's $V")], SettingInstructions.Pairs(last, new ShellWords('\\', _ => "resolved")));
    }

    [Theory]
    [InlineData("# nothing", "", 1, "the Dockerfile cannot be empty; begin with FROM")]
    [InlineData("RUN a\nFROM b", "", 1, "no build stage in current context: RUN stands before FROM; begin with FROM, before which only ARG may stand")]
    [InlineData("FROM a b", "", 1, "FROM requires either one or three arguments: FROM image, or FROM image AS name")]
    [InlineData("FROM a AS 1b", "", 1, "invalid name for build stage: \"1b\", name can't start with a number or contain symbols")]
    [InlineData("FROM a AS x\nFROM b AS X", "", 2, "the name x is taken; give the stage another one")]
    [InlineData("FROM a\nONBUILD FROM b", "", 2, "FROM isn't allowed as an ONBUILD trigger")]
    [InlineData("FROM a AS x\nFROM b", "z", 1, "target stage \"z\" could not be found; stages are x, 1")]
    public void What_is_no_plan_has_its_line_and_says_what_to_do(string text, string target, int line, string reason)
    {
        var wrong = Assert.Throws<DockerfileException>(() => Plan(text, target));
        Assert.Equal((line, reason), (wrong.Line, wrong.Message));
    }

    [Fact]
    public void Arguments_come_from_the_build_then_from_defaults_and_the_images_own_win()
    {
        var arguments = new BuildArguments(new Dictionary<string, string?> { ["A"] = "given", ["HTTP_PROXY"] = "p", ["UNUSED"] = "" });
        var words = new ShellWords('\\', _ => null);
        Declare("ARG G=global", isGlobal: true);
        Assert.Equal("ARG A=default B=two G", Declare("ARG A=default B=two G", isGlobal: false));
        Assert.Equal(("given", "two", "global", "p", null), (arguments.InStage("A"), arguments.InStage("B"), arguments.InStage("G"), arguments.InStage("HTTP_PROXY"), arguments.InStage("UNUSED")));
        var (counting, others) = arguments.ForCommands(["B=image"]);
        Assert.Equal(["A=given", "G=global"], counting);
        Assert.Equal(["HTTP_PROXY=p"], others);
        Assert.Equal(["UNUSED"], arguments.Unused);
        arguments.BeginStage();
        Assert.Null(arguments.InStage("B"));

        string Declare(string line, bool isGlobal) => arguments.Declare(Assert.Single(DockerfileParser.Parse(line).Instructions), words, isGlobal);
    }

    [Theory]
    [InlineData("COPY a b /c", "/srv", "When using COPY with more than one source file, the destination must be a directory and end with a /")]
    [InlineData("COPY a", "", "COPY requires at least two arguments: what to copy, and where to")]
    [InlineData("COPY http://x/y /", "", "source can't be a URL for COPY: http://x/y; use ADD")]
    [InlineData("ADD https://x/y.git /", "", "https://x/y.git is a repository, which is not cloned; put it into the build context, or clone it with RUN")]
    [InlineData("ADD --checksum=sha256:00 http://x/y /", "", "invalid checksum: sha256:00; it is sha256: and 64 digits, as sha256sum prints them")]
    [InlineData("ADD --checksum=sha256:00 x /", "", "checksum can only be specified for a single remote source: ADD --checksum=sha256:... https://... DESTINATION")]
    [InlineData("COPY <<a/b /x\na/b", "", "a/b names a here-document and so its file, which has no directory")]
    [InlineData("COPY --link=maybe a b", "", "expecting boolean value for flag link, not: maybe")]
    [InlineData("COPY --chmod=9 a b", "", "invalid chmod parameter: '9'. it should be octal string and between 0 and 07777")]
    [InlineData("ADD --from=0 a b", "", "unknown flag --from of ADD; it takes --chown, --chmod, --checksum, --link, --unpack")]
    public void What_a_copy_must_say_is_told(string line, string directory, string reason) =>
        Assert.Equal(reason, Assert.Throws<DockerfileException>(() => Copy(line, directory)).Message);

    [Theory]
    [InlineData("COPY a b", "/srv", "/srv/b")]
    [InlineData("COPY a ./", "/srv", "/srv/")]
    [InlineData("COPY a .", "/srv", "/srv/")]
    [InlineData("COPY [\"a b\", \"/c d/../e\"]", "", "/c d/../e")]
    public void A_destination_is_absolute_and_keeps_its_slash(string line, string directory, string destination) => Assert.Equal(Path.GetFullPath(destination), Copy(line, directory).Destination);

    [Fact]
    public void Files_addresses_and_here_documents_may_be_copied_at_once()
    {
        var copy = Copy("ADD a <<x <<\"y\" http://h/z /d/\nuser $A\nx\nuser $A\ny", "");
        Assert.Equal(["a"], copy.Sources);
        Assert.Equal(["http://h/z"], copy.Addresses.Select(address => address.ToString()));
        Assert.Equal([("x", "user \n"), ("y", "user $A\n")], copy.Documents);
        Assert.Null(copy.Unpacks);
        Assert.False(Copy("COPY --link a b", "").Unpacks);
    }

    private static CopyInstruction Copy(string line, string directory) => CopyInstruction.Of(Assert.Single(DockerfileParser.Parse(line).Instructions), new ShellWords('\\', _ => null), directory);

    private static BuildPlan Plan(string text, string target = "") => BuildPlan.For(text, target, []);
}
