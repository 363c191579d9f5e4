using System.Globalization;
using System.Text.RegularExpressions;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>A version by semver.org 2.0; build metadata does not count in comparisons.</summary>
internal sealed partial class SemverValue(ulong major, ulong minor, ulong patch, string[] prerelease) : OpaqueValue(SemverValue.OfSemver)
{
    public static readonly CelType OfSemver = CelType.Object("kubernetes.Semver", static _ => null);

    public ulong Major => major;

    public ulong Minor => minor;

    public ulong Patch => patch;

    /// <summary>With <paramref name="normalize"/>, a leading v, missing parts and leading zeros are allowed.</summary>
    public static CelValue Parse(string text, bool normalize)
    {
        var match = (normalize ? Lenient() : Strict()).Match(text);
        if (!match.Success
            || !Number(match.Groups["major"], out var major) || !Number(match.Groups["minor"], out var minor) || !Number(match.Groups["patch"], out var patch))
        {
            return new ErrorValue("Invalid semantic version");
        }
        return new SemverValue(major, minor, patch, match.Groups["pre"].Length == 0 ? [] : match.Groups["pre"].Value.Split('.'));
    }

    public int CompareTo(SemverValue other)
    {
        var order = (major, minor, patch).CompareTo((other.Major, other.Minor, other.Patch));
        return order != 0 ? order : ComparePrerelease(prerelease, other.Prerelease);
    }

    internal override bool IsEqualTo(CelValue other) => other is SemverValue version && CompareTo(version) == 0;

    private string[] Prerelease => prerelease;

    private static bool Number(Group digits, out ulong number)
    {
        number = 0;
        return !digits.Success || ulong.TryParse(digits.Value, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static int ComparePrerelease(string[] left, string[] right)
    {
        if (left.Length == 0 || right.Length == 0)
        {
            return right.Length.CompareTo(left.Length) is var order && order == 0 ? 0 : left.Length == 0 ? 1 : -1;
        }
        var difference = left.Zip(right).Select(pair => ComparePart(pair.First, pair.Second)).FirstOrDefault(part => part != 0);
        return difference != 0 ? difference : left.Length.CompareTo(right.Length);
    }

    private static int ComparePart(string left, string right)
    {
        var (isNumber, otherIsNumber) = (left.All(char.IsAsciiDigit), right.All(char.IsAsciiDigit));
        return (isNumber, otherIsNumber) switch
        {
            (true, true) => left.Length != right.Length ? left.Length.CompareTo(right.Length) : string.CompareOrdinal(left, right),
            (true, false) => -1,
            (false, true) => 1,
            _ => string.CompareOrdinal(left, right),
        };
    }

    [GeneratedRegex(@"^(?<major>0|[1-9]\d*)\.(?<minor>0|[1-9]\d*)\.(?<patch>0|[1-9]\d*)(?:-(?<pre>(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Strict();

    [GeneratedRegex(@"^\s*v?(?<major>\d+)(?:\.(?<minor>\d+)(?:\.(?<patch>\d+))?)?(?:-(?<pre>(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\s*\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Lenient();
}
