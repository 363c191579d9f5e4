namespace Flotilla.Ingress.Policies;

/// <summary>How many requests of each client are being answered right now.</summary>
internal sealed class ConnectionCounts
{
    private readonly Lock gate = new();
    private readonly Dictionary<ClientKey, int> counts = [];

    public bool TryEnter(ClientKey client, int most)
    {
        lock (gate)
        {
            var count = counts.GetValueOrDefault(client);
            if (count >= most)
            {
                return false;
            }

            counts[client] = count + 1;
            return true;
        }
    }

    public void Leave(ClientKey client)
    {
        lock (gate)
        {
            if (--counts[client] == 0)
            {
                counts.Remove(client);
            }
        }
    }
}
