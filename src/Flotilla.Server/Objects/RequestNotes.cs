namespace Flotilla.Server.Objects;

/// <summary>What admission says besides yes and no: warnings for the client, annotations for the audit log. Safe from any thread.</summary>
public sealed class RequestNotes
{
    private readonly Lock gate = new();
    private readonly List<string> warnings = [];
    private readonly Dictionary<string, string> annotations = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Warnings
    {
        get
        {
            lock (gate)
            {
                return [.. warnings];
            }
        }
    }

    public IReadOnlyDictionary<string, string> Annotations
    {
        get
        {
            lock (gate)
            {
                return new Dictionary<string, string>(annotations, StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Each text is told once, however often the write is tried.</summary>
    public void Warn(string text)
    {
        lock (gate)
        {
            if (!warnings.Contains(text))
            {
                warnings.Add(text);
            }
        }
    }

    public void Annotate(string key, string value)
    {
        lock (gate)
        {
            annotations[key] = value;
        }
    }
}
