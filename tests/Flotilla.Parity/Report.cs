using System.Globalization;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.Parity;

/// <summary>What became of every call, in <c>.build/swarm-parity.md</c>; written call by call, so that a run that breaks off leaves what it had.</summary>
internal sealed class Report : IDisposable
{
    private readonly StreamWriter file = new(Path.Combine(Repository.Root, ".build", "swarm-parity.md")) { AutoFlush = true };
    private readonly Dictionary<Verdict, int> counts = [];
    private readonly List<string> wrong = [];

    public Report() => file.WriteLine("# Answers of Flotilla beside those of dockerd 20.10");

    /// <summary>The calls whose answers differ without a reason, or no longer differ for the one they have.</summary>
    public IReadOnlyList<string> Wrong => wrong;

    public void Dispose() => file.Dispose();

    public void Add(Step step, Answer real, Answer own)
    {
        var verdict = Judge.Of(step, real, own);
        counts[verdict] = Count(verdict) + 1;
        if (verdict is Verdict.Differs or Verdict.DiffersNoLonger)
        {
            wrong.Add($"{verdict}: {step.Line}");
        }

        if (verdict == Verdict.Same)
        {
            file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n## {step.Section}: `{step.Line}`\n\nThe same:\n```\n{real}\n```"));
            return;
        }

        file.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\n## {verdict}: {step.Section}: `{step.Line}`\n\n{(step.Reason is { } reason ? $"{reason.Name}: {reason.Text}\n\n" : "")}dockerd:\n```\n{real}\n```\nFlotilla:\n```\n{own}\n```"));
    }

    /// <summary>The last lines: how many calls, and how they went.</summary>
    public string Close(Script script)
    {
        var sum = string.Create(CultureInfo.InvariantCulture, $"{script.Steps.Count} calls: {Count(Verdict.Same)} the same, {Count(Verdict.DiffersAsListed)} differ as listed, {wrong.Count} wrong");
        file.WriteLine($"\n# {sum}\n");
        foreach (var line in wrong)
        {
            file.WriteLine($"- {line}");
        }

        foreach (var reason in script.Reasons.Values)
        {
            file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"- {script.Steps.Count(step => step.Reason == reason)} {reason.Name}: {reason.Text}"));
        }

        return sum;
    }

    private int Count(Verdict verdict) => counts.GetValueOrDefault(verdict);
}
