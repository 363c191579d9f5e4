using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Cel.Values;
using Flotilla.Docker;

namespace Flotilla.Engine.Dockerfiles;

/// <summary><c>HEALTHCHECK --interval=5s CMD ...</c> or <c>NONE</c>. Pure.</summary>
internal static class HealthcheckInstruction
{
    private const long LeastNanoseconds = 1_000_000;
    private static readonly (string Flag, string Name)[] DurationFlags = [("interval", "Interval"), ("timeout", "Timeout"), ("start-period", "StartPeriod"), ("start-interval", "StartInterval")];

    /// <exception cref="DockerfileException">It is neither, or a flag is wrong.</exception>
    public static JsonObject Parse(Instruction instruction)
    {
        instruction.RequireFlags("interval", "timeout", "start-period", "start-interval", "retries");
        var kind = instruction.Rest.Split([' ', '\t'], 2);
        var check = new JsonObject
        {
            ["Test"] = kind[0].ToUpperInvariant() switch
            {
                "NONE" when kind.Length == 1 => new JsonArray("NONE"),
                "NONE" => throw instruction.Wrong("HEALTHCHECK NONE takes no arguments"),
                "CMD" when kind.Length == 2 => Test(instruction with { Rest = kind[1].Trim() }),
                "CMD" => throw instruction.Wrong("Missing command after HEALTHCHECK CMD"),
                _ => throw instruction.Wrong($"Unknown type \"{kind[0]}\" in HEALTHCHECK (try CMD)"),
            }
        };
        foreach (var (flag, name) in DurationFlags)
        {
            if (instruction.Flag(flag) is { } text)
            {
                check[name] = !Durations.TryParse(text, out var nanoseconds) ? throw instruction.Wrong($"--{flag}={text} is no duration like 30s")
                    : nanoseconds is 0 or >= LeastNanoseconds ? nanoseconds : throw instruction.Wrong($"Interval \"{flag}\" cannot be less than 1ms");
            }
        }

        if (instruction.Flag("retries") is { } count)
        {
            check["Retries"] = int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var retries) ? retries : throw instruction.Wrong($"--retries must be a number that is not negative, not {count}");
        }

        return check;
    }

    private static JsonArray Test(Instruction instruction) =>
        instruction.Array is { } line ? ["CMD", .. line.Select(word => (JsonNode)word)] : ["CMD-SHELL", instruction.Rest];
}
