namespace Flotilla.Cel.Costs;

/// <summary>Upstream's units. Changing one changes which rules a cluster accepts.</summary>
internal static class CostFactors
{
    public const double StringTraversal = 0.1;
    public const double RegexLength = 0.25;
    public const ulong ListCreation = 10;
    public const ulong MapCreation = 30;
    public const ulong ObjectCreation = 40;

    /// <summary>Two authorization checks fit into one evaluation.</summary>
    public const ulong AuthorizationCheck = 350_000;

    /// <summary>The longest pattern among the named formats of names.</summary>
    public const double NameFormatPattern = 128;

    public const double LongestFormatName = 64;
}
