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
        if (normalize && Normalize(ref text) is { } refusal)
        {
            return refusal;
        }
        var parts = text.Split('.', 3);
        if (text.Length == 0 || parts.Length < 3)
        {
            return new ErrorValue(text.Length == 0 ? "Version string empty" : "No Major.Minor.Patch elements found");
        }
        var rest = Tail().Match(parts[2]);
        string?[] problems =
        [
            Number(parts[0], "Major", out var major), Number(parts[1], "Minor", out var minor),
            Number(parts[2].Split('-', '+')[0], "Patch", out var patch), rest.Success ? null : "Invalid character(s) found in prerelease or build metadata",
        ];
        return Array.Find(problems, problem => problem is not null) is { } found ? new ErrorValue(found)
            : new SemverValue(major, minor, patch, rest.Groups["pre"].Length == 0 ? [] : rest.Groups["pre"].Value.Split('.'));
    }

    private static ErrorValue? Normalize(ref string text)
    {
        text = text.StartsWith('v') ? text[1..] : text;
        var parts = text.Split('.', 3).Select(WithoutZeros).ToList();
        if (parts.Count < 3 && parts[^1].AsSpan().ContainsAny('+', '-'))
        {
            return new ErrorValue("short version cannot contain PreRelease/Build meta data");
        }
        while (parts.Count < 3)
        {
            parts.Add("0");
        }
        text = string.Join('.', parts);
        return null;
    }

    private static string WithoutZeros(string part)
    {
        var trimmed = part.Length > 1 ? part.TrimStart('0') : part;
        return part.Length > 1 && (trimmed.Length == 0 || !char.IsAsciiDigit(trimmed[0])) ? "0" + trimmed : trimmed;
    }

    private static string? Number(string digits, string name, out ulong number)
    {
        number = 0;
        return digits.Length == 0 || !digits.All(char.IsAsciiDigit) ? $"Invalid character(s) found in {name.ToLowerInvariant()} number {TextFormat.Quote(digits)}"
            : digits.Length > 1 && digits[0] == '0' ? $"{name} number must not contain leading zeroes {TextFormat.Quote(digits)}"
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) ? null
            : $"strconv.ParseUint: parsing {TextFormat.Quote(digits)}: value out of range";
    }

    public int CompareTo(SemverValue other)
    {
        var order = (major, minor, patch).CompareTo((other.Major, other.Minor, other.Patch));
        return order != 0 ? order : ComparePrerelease(prerelease, other.Prerelease);
    }

    internal override bool IsEqualTo(CelValue other) => other is SemverValue version && CompareTo(version) == 0;

    private string[] Prerelease => prerelease;

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

    [GeneratedRegex(@"^(?<patch>[^-+]*)(?:-(?<pre>(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Tail();
}
