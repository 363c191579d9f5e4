using Flotilla.Engine.Building;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Tests.Building;

public sealed class RunInstructionTests
{
    [Theory]
    [InlineData("RUN a b", "a b", "")]
    [InlineData("RUN <<-EOF\n\ta\n\t\tb\nEOF", "a\nb\n", "")]
    [InlineData("RUN <<EOF\n#!/bin/x\ny\nEOF", "/dev/pipes/EOF", "#!/bin/x\ny\n")]
    [InlineData("RUN cat <<A 3<<-B | sh\n1\nA\n\t2\nB", "cat <<A 3<<-B | sh\n1\nA\n\t2\nB", "")]
    public void A_here_document_alone_is_the_script_and_the_shell_reads_others(string text, string command, string script)
    {
        var run = Run(text);
        Assert.Equal(["sh", "-c", command], run.Command);
        Assert.Equal(script, run.Script.Text ?? "");
    }

    [Fact]
    public void Mounts_have_the_defaults_of_their_kind()
    {
        var run = Run("RUN --mount=type=cache,target=c --mount=source=/a,dst=/b,from=$X --mount=type=tmpfs,target=/t,size=2m --mount=type=cache,id=x,target=/d,sharing=locked,mode=0700,uid=5,ro --mount=target=/w,rw x");
        Assert.Equal(
            [
                new RunMount(RunMountKind.Cache, "/srv/c", "", "", false, "/srv/c", CacheSharing.Shared, 0x1ED, 0, 0, null),
                new RunMount(RunMountKind.Bind, "/b", "/a", "value", true, "", CacheSharing.Shared, 0, 0, 0, null),
                new RunMount(RunMountKind.Tmpfs, "/t", "", "", false, "", CacheSharing.Shared, 0, 0, 0, 2 << 20),
                new RunMount(RunMountKind.Cache, "/d", "", "", true, "x", CacheSharing.Locked, 0x1C0, 5, 0, null),
                new RunMount(RunMountKind.Bind, "/w", "", "", false, "", CacheSharing.Shared, 0, 0, 0, null),
            ],
            run.Mounts);
    }

    [Theory]
    [InlineData("RUN --mount=type=secret,id=a x", "RUN --mount=type=secret needs BuildKit: nothing brings secrets to this engine; give what is no secret afterwards with --build-arg, or COPY the file in a stage of which only the result is copied on")]
    [InlineData("RUN --mount=type=npipe,target=/a x", "unsupported mount type \"npipe\" of RUN --mount; it is bind, cache or tmpfs")]
    [InlineData("RUN --mount=type=cache x", "RUN --mount=type=cache: it needs target=PATH: where the command finds it")]
    [InlineData("RUN --mount=type=bind,target=/ x", "RUN --mount=type=bind,target=/: target=/ would hide all files of the image")]
    [InlineData("RUN --mount=type=tmpfs,target=/a,size=big x", "RUN --mount=type=tmpfs,target=/a,size=big: invalid value big for size; it is a size like 64m")]
    [InlineData("RUN --mount=type=tmpfs,target=/a,ro x", "RUN --mount=type=tmpfs,target=/a,ro: unexpected key 'ro'; this type takes type, target, dst, destination, size")]
    [InlineData("RUN --network=host x", "RUN --network=host is not allowed: say it for the whole build, with 'docker build --network host'")]
    [InlineData("RUN --foo=1 x", "unknown flag --foo of RUN; it takes --mount, --network, --security")]
    public void What_cannot_be_is_refused_with_what_to_do(string line, string reason) => Assert.Equal(reason, Assert.Throws<DockerfileException>(() => Run(line)).Message);

    private static RunInstruction Run(string text) =>
        RunInstruction.Of(Assert.Single(DockerfileParser.Parse(text).Instructions), new ShellWords('\\', name => name == "X" ? "value" : null), ["sh", "-c"], "/srv");
}
