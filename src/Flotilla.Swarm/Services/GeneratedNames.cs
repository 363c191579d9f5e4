namespace Flotilla.Swarm.Services;

/// <summary>Names for services that were given none.</summary>
internal static class GeneratedNames
{
    private static readonly string[] Manners = ["amber", "brave", "calm", "eager", "fair", "gentle", "keen", "lively", "merry", "quiet", "steady", "swift", "tidy", "vivid", "wise"];
    private static readonly string[] Ships = ["barge", "brig", "canoe", "clipper", "cutter", "dinghy", "ferry", "frigate", "galleon", "ketch", "lugger", "pinnace", "schooner", "sloop", "yawl"];

    public static string Next() => $"{Pick(Manners)}_{Pick(Ships)}{Random.Shared.Next(100):00}";

    private static string Pick(string[] words) => words[Random.Shared.Next(words.Length)];
}
