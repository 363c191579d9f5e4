using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>A form text can have, like a DNS label; <c>check</c> answers what is wrong with a text.</summary>
internal sealed class NamedFormat(string name, int patternSize, Func<string, IEnumerable<string>> check) : OpaqueValue(NamedFormat.TypeOfFormat)
{
    public static readonly CelType TypeOfFormat = CelType.Object("kubernetes.NamedFormat", static _ => null);

    /// <summary>The length of a pattern that would do the check; costs are counted by it.</summary>
    public int PatternSize => patternSize;

    public IEnumerable<string> Check(string text) => check(text);

    internal override bool IsEqualTo(CelValue other) => other is NamedFormat format && string.Equals(format.Name, name, StringComparison.Ordinal);

    private string Name => name;
}
