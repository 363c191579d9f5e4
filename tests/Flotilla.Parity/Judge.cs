using System.Text.RegularExpressions;

namespace Flotilla.Parity;

/// <summary>How two answers to one call compare.</summary>
internal enum Verdict
{
    Same,

    /// <summary>And the script tells why.</summary>
    DiffersAsListed,

    /// <summary>For no reason in the script, or in more than the reason covers.</summary>
    Differs,

    /// <summary>They are the same, though the script tells why they are not.</summary>
    DiffersNoLonger,
}

internal static class Judge
{
    public static Verdict Of(Step step, Answer real, Answer own) =>
        real == own ? step.Reason is null ? Verdict.Same : Verdict.DiffersNoLonger
        : step.Reason is { } reason && (reason.Mask is not { } mask || Without(mask, real) == Without(mask, own)) ? Verdict.DiffersAsListed
        : Verdict.Differs;

    private static string Without(string mask, Answer answer) => Regex.Replace(answer.ToString(), mask, "", RegexOptions.None, TimeSpan.FromSeconds(1));
}
