namespace Flotilla.Node.Status;

/// <summary>
/// Containers of which the kernel killed a process for lack of memory, the latest of them. The runtime tells the same, but not of
/// a container that ends with its start. Any thread may ask.
/// </summary>
internal sealed class OutOfMemoryKills
{
    private const int Remembered = 1000;
    private readonly Lock gate = new();
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();

    public void Note(string container)
    {
        lock (gate)
        {
            if (known.Add(container))
            {
                order.Enqueue(container);
            }
            if (order.Count > Remembered)
            {
                known.Remove(order.Dequeue());
            }
        }
    }

    public bool Has(string container)
    {
        lock (gate)
        {
            return known.Contains(container);
        }
    }
}
