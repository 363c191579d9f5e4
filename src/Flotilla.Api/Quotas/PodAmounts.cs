using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Quotas;

/// <summary>What a whole pod asks for: its containers together or the hungriest moment of its start, and its overhead.</summary>
public static class PodAmounts
{
    /// <param name="field"><c>requests</c> or <c>limits</c>.</param>
    public static AmountMap Of(JsonObject spec, string field)
    {
        var running = new AmountMap();
        foreach (var container in spec.Objects("containers"))
        {
            running.Add(From(container, field));
        }

        // Sidecars start one by one and stay; each other init container runs beside those started before it.
        var (sidecars, peak) = (new AmountMap(), new AmountMap());
        foreach (var container in spec.Objects("initContainers"))
        {
            var moment = From(container, field);
            if (container.String("restartPolicy") == "Always")
            {
                sidecars.Add(moment);
                moment = [];
            }

            moment.Add(sidecars);
            peak.RaiseTo(moment);
        }

        running.Add(sidecars);
        running.RaiseTo(peak);

        // What the pod states as a whole replaces the sum.
        foreach (var (name, amount) in From(spec, field))
        {
            running[name] = amount;
        }

        AddOverhead(running, spec, field);
        return running;
    }

    // Overhead counts as a request, and towards those limits that are set.
    private static void AddOverhead(AmountMap running, JsonObject spec, string field)
    {
        foreach (var (name, amount) in AmountMap.From(spec.Object("overhead")))
        {
            if (running.TryGetValue(name, out var own))
            {
                running[name] = own + amount;
            }
            else if (field == "requests")
            {
                running[name] = amount;
            }
        }
    }

    private static AmountMap From(JsonObject owner, string field) => AmountMap.From(owner.Object("resources").Object(field));
}
