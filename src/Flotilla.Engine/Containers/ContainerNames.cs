using Flotilla.Docker;

namespace Flotilla.Engine.Containers;

/// <summary>Names of containers: a user's, or one made up.</summary>
internal static class ContainerNames
{
    private static readonly string[] Moods = ["amber", "brave", "calm", "dapper", "eager", "fair", "gentle", "happy", "jolly", "keen", "lively", "merry", "nimble", "quiet", "ruby", "steady", "swift", "tidy", "vivid", "wise"];
    private static readonly string[] Sailors = ["amundsen", "anson", "barents", "bering", "cabot", "cook", "dampier", "drake", "franklin", "frobisher", "hudson", "joshua", "magellan", "nansen", "parry", "ross", "shackleton", "tasman", "vancouver", "zhenghe"];

    public static string Next(Func<string, bool> isTaken)
    {
        while (true)
        {
            var name = $"{Pick(Moods)}_{Pick(Sailors)}{Random.Shared.Next(100)}";
            if (!isTaken(name))
            {
                return name;
            }
        }
    }

    /// <exception cref="DockerException">It cannot be one.</exception>
    public static string Checked(string name)
    {
        var bare = name.TrimStart('/');
        return bare.Length > 1 && char.IsAsciiLetterOrDigit(bare[0]) && bare.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-')
            ? bare
            : throw DockerException.BadRequest($"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    }

    private static string Pick(string[] words) => words[Random.Shared.Next(words.Length)];
}
