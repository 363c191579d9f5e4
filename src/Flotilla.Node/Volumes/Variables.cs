using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Flotilla.Node.Volumes;

/// <summary>Variables that note which names were asked for in vain.</summary>
internal sealed class Variables(IReadOnlyDictionary<string, string> variables) : IReadOnlyDictionary<string, string>
{
    public List<string> Missing { get; } = [];

    public int Count => variables.Count;

    public IEnumerable<string> Keys => variables.Keys;

    public IEnumerable<string> Values => variables.Values;

    public string this[string key] => variables[key];

    public bool ContainsKey(string key) => variables.ContainsKey(key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        if (variables.TryGetValue(key, out value))
        {
            return true;
        }
        Missing.Add(key);
        return false;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => variables.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
