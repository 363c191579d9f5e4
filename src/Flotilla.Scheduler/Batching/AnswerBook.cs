using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Batching;

/// <summary>
/// Decisions reused between like pods: answers of local rules by signature, for the kinds of pods that came last. What it
/// gives is what the rules would say at this moment, so no decision is another one than without it.
/// </summary>
internal sealed class AnswerBook(PluginSet plugins)
{
    private const int Kinds = 16;

    // The latest first.
    private readonly List<NodeAnswers> known = new(Kinds);

    /// <summary>What is known for pods like this one; null when nothing can be, or not yet.</summary>
    public Answer[]? For(PodInfo pod, IReadOnlyList<NodeInfo> nodes)
    {
        if (Sign(pod) is not { } signature)
        {
            return null;
        }

        var at = known.FindIndex(one => one.Signature == signature);
        var answers = at >= 0 ? known[at] : new NodeAnswers(signature);
        if (at >= 0)
        {
            known.RemoveAt(at);
        }
        else if (known.Count == Kinds)
        {
            known.RemoveAt(Kinds - 1);
        }

        known.Insert(0, answers);
        return answers.For(nodes);
    }

    private string? Sign(PodInfo pod)
    {
        if (plugins.Signers.Count == 0)
        {
            return null;
        }

        var signature = new PodSignature();
        foreach (var plugin in plugins.Signers)
        {
            if (!plugin.Sign(pod, signature))
            {
                return null;
            }
        }

        return signature.ToString();
    }
}
