using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Flotilla.Engine.Events;

/// <summary>What happened on this machine: the last events, and everyone who listens. A listener that is too slow misses some.</summary>
internal sealed class EventLog(TimeProvider time)
{
    private const int Kept = 256;
    private const int LongestQueue = 1024;
    private readonly Lock gate = new();
    private readonly Queue<EngineEvent> last = new();
    private readonly HashSet<Channel<EngineEvent>> listeners = [];

    public int Listeners
    {
        get
        {
            lock (gate)
            {
                return listeners.Count;
            }
        }
    }

    public void Add(string type, string action, string id, params IEnumerable<(string Name, string Value)> attributes) => Add(type, action, id, EngineEvent.Local, attributes);

    /// <param name="scope"><see cref="EngineEvent.Local"/> or <see cref="EngineEvent.Swarm"/>.</param>
    public void Add(string type, string action, string id, string scope, IEnumerable<(string Name, string Value)> attributes)
    {
        var happened = new EngineEvent(type, action, id, scope, attributes.GroupBy(pair => pair.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().Value, StringComparer.Ordinal), time.GetUtcNow().UtcDateTime);
        lock (gate)
        {
            last.Enqueue(happened);
            if (last.Count > Kept)
            {
                last.Dequeue();
            }

            foreach (var listener in listeners)
            {
                listener.Writer.TryWrite(happened);
            }
        }
    }

    /// <summary>What is known, and what follows, without a gap in between. The caller forgets the listener.</summary>
    public (IReadOnlyList<EngineEvent> Past, Channel<EngineEvent> Future) Listen()
    {
        var channel = Channel.CreateBounded<EngineEvent>(new BoundedChannelOptions(LongestQueue) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (gate)
        {
            listeners.Add(channel);
            return ([.. last], channel);
        }
    }

    public void Forget(Channel<EngineEvent> listener)
    {
        lock (gate)
        {
            listeners.Remove(listener);
        }
    }
}

internal sealed record EngineEvent(string Type, string Action, string Id, string Scope, IReadOnlyDictionary<string, string> Attributes, DateTime At)
{
    public const string Local = "local";
    public const string Swarm = "swarm";

    public JsonObject View()
    {
        var nanoseconds = (At - DateTime.UnixEpoch).Ticks * 100;
        var view = new JsonObject
        {
            ["Type"] = Type,
            ["Action"] = Action,
            ["Actor"] = new JsonObject { ["ID"] = Id, ["Attributes"] = Docker.WireJson.Map(Attributes) },
            ["scope"] = Scope,
            ["time"] = nanoseconds / 1_000_000_000,
            ["timeNano"] = nanoseconds,
        };
        if (Type is "container" or "image")
        {
            view["status"] = Action;
            view["id"] = Id;
        }

        if (Type == "container" && Attributes.TryGetValue("image", out var image))
        {
            view["from"] = image;
        }

        return view;
    }
}
