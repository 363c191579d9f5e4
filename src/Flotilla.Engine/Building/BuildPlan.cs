using System.Globalization;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Building;

/// <summary>From one <c>FROM</c> to the next.</summary>
/// <param name="Base">An image, an earlier stage or <c>scratch</c>, as it is written.</param>
/// <param name="Name">Empty: it has only its number.</param>
internal sealed record BuildStage(Instruction From, string Base, string Name, IReadOnlyList<Instruction> Instructions);

/// <summary>What a Dockerfile asks for, up to the stage that is wanted. Pure.</summary>
/// <param name="Arguments"><c>ARG</c>s before the first stage.</param>
internal sealed record BuildPlan(IReadOnlyList<Instruction> Arguments, IReadOnlyList<BuildStage> Stages, char Escape)
{
    public int Steps => Arguments.Count + Stages.Sum(stage => stage.Instructions.Count + 1);

    /// <param name="target">A stage's name or number; empty: the last one.</param>
    /// <param name="labels">For the image that is made.</param>
    /// <exception cref="DockerfileException">It is no plan.</exception>
    public static BuildPlan For(string text, string target, IEnumerable<KeyValuePair<string, string>> labels)
    {
        var file = DockerfileParser.Parse(text);
        var arguments = file.Instructions.TakeWhile(instruction => instruction.Keyword == "ARG").ToList();
        List<BuildStage> stages = [];
        List<Instruction> own = [];
        foreach (var instruction in file.Instructions.Skip(arguments.Count))
        {
            if (instruction.Keyword == "ONBUILD")
            {
                OnBuildInstruction.Trigger(instruction);
            }

            if (instruction.Keyword == "FROM")
            {
                own = [];
                stages.Add(Stage(instruction, own, stages));
            }
            else
            {
                (stages.Count > 0 ? own : throw instruction.Wrong($"no build stage in current context: {instruction.Keyword} stands before FROM; begin with FROM, before which only ARG may stand")).Add(instruction);
            }
        }

        if (stages.Count == 0)
        {
            throw new DockerfileException(1, file.Instructions.Count == 0 ? "the Dockerfile cannot be empty; begin with FROM" : "No build stage in current context; begin with FROM");
        }

        var wanted = Find(stages, target) ?? throw new DockerfileException(1, $"target stage \"{target}\" could not be found; stages are {string.Join(", ", stages.Select((stage, index) => stage.Name.Length > 0 ? stage.Name : index.ToString(CultureInfo.InvariantCulture)))}");
        var label = string.Join(' ', labels.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{Literal(pair.Key)}={Literal(pair.Value)}"));
        if (label.Length > 0)
        {
            stages[wanted] = stages[wanted] with { Instructions = [.. stages[wanted].Instructions, new Instruction(0, "LABEL", [], label, "LABEL " + label)] };
        }

        return new BuildPlan(arguments, stages[..(wanted + 1)], file.Escape);
    }

    /// <summary>By name, without regard to capitals, or by number.</summary>
    /// <returns>null: there is none.</returns>
    public static int? Find(IReadOnlyList<BuildStage> stages, string word)
    {
        if (word.Length == 0)
        {
            return stages.Count - 1;
        }

        return FindNamed(stages, word) ?? (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < stages.Count ? number : null);
    }

    /// <summary>By name alone.</summary>
    /// <returns>null: none is called so.</returns>
    public static int? FindNamed(IReadOnlyList<BuildStage> stages, string name)
    {
        var named = stages.Index().LastOrDefault(stage => stage.Item.Name.Length > 0 && stage.Item.Name.Equals(name, StringComparison.OrdinalIgnoreCase), (-1, null!)).Index;
        return named >= 0 ? named : null;
    }

    private static BuildStage Stage(Instruction from, List<Instruction> own, List<BuildStage> before)
    {
        from.RequireFlags("platform");
        var words = from.Rest.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words is not ([_] or [_, _, _]) || (words.Length == 3 && !words[1].Equals("AS", StringComparison.OrdinalIgnoreCase)))
        {
            throw from.Wrong("FROM requires either one or three arguments: FROM image, or FROM image AS name");
        }

        var name = words.Length == 3 ? words[2].ToLowerInvariant() : "";
        if (name.Length > 0 && !(char.IsAsciiLetter(name[0]) && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')))
        {
            throw from.Wrong($"invalid name for build stage: \"{words[2]}\", name can't start with a number or contain symbols");
        }

        return name == "scratch" || (name.Length > 0 && before.Any(stage => stage.Name == name))
            ? throw from.Wrong($"the name {name} is taken; give the stage another one")
            : new BuildStage(from, words[0], name, own);
    }

    // So that nothing in it is resolved.
    private static string Literal(string text) => text.Length > 0 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' or '/' or ':') ? text : $"'{text.Replace("'", "'\"'\"'", StringComparison.Ordinal)}'";
}
