using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Commits;

/// <summary>Instructions of a Dockerfile that come with <c>docker commit --change</c> and <c>docker import --change</c>. Pure.</summary>
internal static class ChangeInstructions
{
    /// <param name="settings">Changed in place.</param>
    /// <exception cref="DockerException">One is no instruction, or not one for this.</exception>
    public static void Apply(JsonObject settings, IEnumerable<string> changes)
    {
        try
        {
            var file = DockerfileParser.Parse(string.Join('\n', changes));
            var words = new ShellWords(file.Escape, name => settings.Array("Env")?.Select(line => line.AsString()?.Split('=', 2)).FirstOrDefault(pair => pair?[0] == name && pair.Length == 2)?[1]);
            var instructions = new SettingInstructions(settings, words);
            foreach (var instruction in file.Instructions)
            {
                if (!SettingInstructions.Keywords.Contains(instruction.Keyword))
                {
                    throw DockerException.BadRequest($"{instruction.Keyword} is not a valid change command; use one of {string.Join(", ", SettingInstructions.Keywords)}");
                }

                instructions.Apply(instruction);
            }
        }
        catch (DockerfileException wrong)
        {
            throw DockerException.BadRequest($"--change: {wrong.Message}");
        }
    }
}
