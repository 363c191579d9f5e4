using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Tests.Dockerfiles;

public sealed class DockerfileParserTests
{
    [Fact]
    public void Lines_are_continued_over_comments_and_counted_from_their_first()
    {
        var file = DockerfileParser.Parse("# a comment\nFROM web\n\nrun one && \\\n# between\n\n  two \\  \n  three\nCMD [\"a\", \"b\"]\n");
        Assert.Equal([(2, "FROM", "web"), (4, "RUN", "one &&   two   three"), (9, "CMD", "[\"a\", \"b\"]")], file.Instructions.Select(one => (one.Line, one.Keyword, one.Rest)));
        Assert.Equal(["a", "b"], file.Instructions[2].Array);
    }

    [Fact]
    public void Another_letter_may_continue_lines()
    {
        var file = DockerfileParser.Parse("# syntax=docker/dockerfile:1\n# escape=`\nRUN a `\n  b\\\n");
        Assert.Equal(("a   b\\", '`'), (Assert.Single(file.Instructions).Rest, file.Escape));
    }

    [Fact]
    public void Flags_stand_before_the_words()
    {
        var copy = Assert.Single(DockerfileParser.Parse("COPY --from=0 --chown=a:b x --y /z").Instructions);
        Assert.Equal(["--from=0", "--chown=a:b"], copy.Flags);
        Assert.Equal(("x --y /z", "a:b"), (copy.Rest, copy.Flag("chown")));
        Assert.Equal("--from=0", Assert.Single(DockerfileParser.Parse("CMD --from=0").Instructions).Rest);
    }

    [Theory]
    [InlineData("FROM a\nRUNN x", 2, "unknown instruction: RUNN (did you mean RUN?)")]
    [InlineData("FROM a\nCPOY x y", 2, "unknown instruction: CPOY (did you mean COPY?)")]
    [InlineData("FROM", 1, "FROM requires at least one argument")]
    [InlineData("FROM a\nRUN <<EOF\nx\n EOF", 2, "unterminated heredoc: no line after this one says EOF and nothing else")]
    [InlineData("# escape=x\nFROM a", 1, "invalid escape token 'x'; it is \\ or `")]
    public void What_is_wrong_has_its_line(string text, int line, string reason)
    {
        var wrong = Assert.Throws<DockerfileException>(() => DockerfileParser.Parse(text));
        Assert.Equal((line, reason), (wrong.Line, wrong.Message));
    }

    [Theory]
    [InlineData("$A-${B}", "1-two words")]
    [InlineData("'$A' \"$A\" \\$A", "$A 1 $A")]
    [InlineData("${C:-x$A}${A:+y}${C-z}", "x1y")]
    [InlineData("${N:-x}${N-z}${M-z}", "xz")]
    [InlineData("\"a\\\"b\\c\" $ $1", "a\"b\\c $ $1")]
    public void Variables_and_quotes_are_resolved_as_a_shell_does(string word, string expected)
    {
        var values = new Dictionary<string, string> { ["A"] = "1", ["B"] = "two words", ["C"] = "", ["N"] = "" };
        Assert.Equal(expected, new ShellWords('\\', values.GetValueOrDefault).Expand(word));
    }

    [Theory]
    [InlineData("'a", "a single quote is not closed")]
    [InlineData("\"a", "a double quote is not closed")]
    [InlineData("${A", "${A...} knows :-, :+ and :? only")]
    [InlineData("${A:?is needed}", "A: is needed")]
    public void What_is_not_closed_or_not_set_is_refused(string word, string reason) =>
        Assert.Equal(reason, Assert.Throws<FormatException>(() => new ShellWords('\\', _ => null).Expand(word)).Message);

    [Fact]
    public void Here_documents_follow_their_instruction_in_the_order_of_its_words()
    {
        var file = DockerfileParser.Parse("FROM a\nCOPY <<one <<-'two' \\\n  /x/\n# kept\none\n\ta\n\t\tb $A\n\ttwo\nCMD x\n");
        var copy = file.Instructions[1];
        Assert.Equal([("one", "# kept\n", true), ("two", "a\nb $A\n", false)], copy.Documents.Select(document => (document.Name, document.Text, document.Expands)));
        Assert.Equal(("\ta\n\t\tb $A\ntwo", 9), (copy.Documents[1].Written, file.Instructions[2].Line));
    }

    [Theory]
    [InlineData("RUN cat <<< a")]
    [InlineData("RUN echo $(( 1 << 2 ))")]
    [InlineData("RUN python -c '1 <<EOF'")]
    [InlineData("RUN [\"cat\", \"<<EOF\"]")]
    [InlineData("CMD cat <<EOF")]
    public void What_only_looks_like_one_is_none(string line) => Assert.Empty(Assert.Single(DockerfileParser.Parse(line).Instructions).Documents);

    [Fact]
    public void Variables_in_lines_mean_their_values_and_quotes_nothing() =>
        Assert.Equal("it's \"1\" $A ${A} x\\y\n", new ShellWords('\\', name => name == "A" ? "1" : null).ExpandLines("it's \"${A}\" \\$A \\${A} ${B:-x}\\\\y\n"));

    [Theory]
    [InlineData("ONBUILD ONBUILD RUN a", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")]
    [InlineData("ONBUILD FROM a", "FROM isn't allowed as an ONBUILD trigger")]
    [InlineData("ONBUILD MAINTAINER a", "MAINTAINER isn't allowed as an ONBUILD trigger")]
    [InlineData("ONBUILD RUNN a", "unknown instruction: RUNN (did you mean RUN?)")]
    public void Some_instructions_do_not_wait_for_another_build(string line, string reason) =>
        Assert.Equal(reason, Assert.Throws<DockerfileException>(() => OnBuildInstruction.Trigger(Assert.Single(DockerfileParser.Parse(line).Instructions))).Message);

    [Fact]
    public void What_waits_keeps_its_here_documents()
    {
        var trigger = OnBuildInstruction.Trigger(Assert.Single(DockerfileParser.Parse("ONBUILD RUN <<EOF\na\nEOF\n").Instructions));
        Assert.Equal("RUN <<EOF\na\nEOF", trigger);
        Assert.Equal((7, "a\n"), (OnBuildInstruction.Parse(trigger, 7).Line, OnBuildInstruction.Parse(trigger, 7).Documents[0].Text));
    }
}
