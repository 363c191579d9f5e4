using System.Text.RegularExpressions;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.Parity;

/// <summary>An engine behind a socket, driven by the stock CLI.</summary>
internal sealed class Engine(string docker, string host, string directory)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    /// <summary>What the CLI says, without what differs by nature.</summary>
    public async Task<Answer> AskAsync(Step step)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            var output = await RunAsync(step.Arguments);
            var answer = new Answer(output.ExitCode, Plain.Of(output.Output, step.IsSorted), Plain.Of(output.Error, step.IsSorted));
            if (step.Until is null || Regex.IsMatch(answer.Text, step.Until, RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1)))
            {
                return answer;
            }

            if (DateTime.UtcNow > deadline)
            {
                return answer with { Error = $"{answer.Error}\n(never matched {step.Until})" };
            }

            await Task.Delay(300);
        }
    }

    public Task<CommandOutput> RunAsync(params string[] arguments) =>
        CommandLine.RunAsync("sh", ["-c", "cd \"$0\" && exec \"$@\"", directory, docker, .. arguments], environment: new Dictionary<string, string> { ["DOCKER_HOST"] = host, ["HOME"] = directory });
}

internal sealed record Answer(int ExitCode, string Output, string Error)
{
    public string Text => Output + Error;

    public override string ToString() => $"exit code {ExitCode}\n{Output}{(Error.Length > 0 ? "\n! " : "")}{Error.Replace("\n", "\n! ", StringComparison.Ordinal)}";
}
