namespace Flotilla.Engine.Dockerfiles;

/// <summary><c>ONBUILD</c>: an instruction for images that begin with this one. Pure.</summary>
internal static class OnBuildInstruction
{
    /// <returns>The instruction as it is kept, here-documents included.</returns>
    /// <exception cref="DockerfileException">It is none that may wait.</exception>
    public static string Trigger(Instruction instruction)
    {
        var text = string.Join('\n', [instruction.Rest, .. instruction.Documents.Select(document => document.Written)]);
        var inner = Parse(text, instruction.Line);
        return inner.Keyword switch
        {
            "ONBUILD" => throw instruction.Wrong("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
            "FROM" or "MAINTAINER" => throw instruction.Wrong($"{inner.Keyword} isn't allowed as an ONBUILD trigger"),
            _ => text,
        };
    }

    /// <summary>What an image has kept.</summary>
    /// <param name="line">Where to blame it.</param>
    /// <exception cref="DockerfileException">It is not one instruction.</exception>
    public static Instruction Parse(string trigger, int line)
    {
        try
        {
            return DockerfileParser.Parse(trigger).Instructions is [var instruction] ? instruction with { Line = line } : throw new DockerfileException(line, $"ONBUILD {trigger}: it is not one instruction");
        }
        catch (DockerfileException wrong)
        {
            throw new DockerfileException(line, wrong.Message);
        }
    }
}
