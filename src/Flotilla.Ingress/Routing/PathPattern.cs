using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Flotilla.Ingress.Routing;

/// <summary>Regular expressions for paths. Whoever may write an Ingress may write them, so none can take more than linear time.</summary>
internal static class PathPattern
{
    private const int MostKept = 2000;
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    // Tables are compiled anew at every change; their patterns are not.
    private static readonly ConcurrentDictionary<(string Text, bool IgnoreCase), Regex> Compiled = new();

    /// <summary>Matches the beginning of a path, in any case, as ingress-nginx's locations do.</summary>
    /// <exception cref="FormatException">With the reason.</exception>
    public static Regex Compile(string text) => Get($"^(?:{text.TrimStart('^')})", ignoreCase: true);

    /// <summary>As it stands, case and all.</summary>
    /// <exception cref="FormatException">With the reason.</exception>
    public static Regex CompileExact(string text) => Get(text, ignoreCase: false);

    /// <summary>null: it is a pattern; else what is wrong with it.</summary>
    public static string? Check(string text)
    {
        try
        {
            Compile(text);
            return null;
        }
        catch (FormatException wrong)
        {
            return wrong.Message;
        }
    }

    private static Regex Get(string text, bool ignoreCase)
    {
        if (Compiled.TryGetValue((text, ignoreCase), out var known))
        {
            return known;
        }

        if (Compiled.Count >= MostKept)
        {
            Compiled.Clear();
        }

        try
        {
            return Compiled[(text, ignoreCase)] = new Regex(text, ignoreCase ? Linear | RegexOptions.IgnoreCase : Linear, MatchTimeout);
        }
        catch (Exception refused) when (refused is ArgumentException or NotSupportedException)
        {
            throw new FormatException($"{text} is not a regular expression that can be matched in linear time: {refused.Message}");
        }
    }
}
