using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Gateways.Api;
using k8s;
using k8s.Models;

namespace Flotilla.Ingress.Gateways.Statuses;

/// <summary>The statuses that objects of the Gateway API are to have. null: they have them already.</summary>
internal static class GatewayStatuses
{
    public static Patch? For(GatewayClass one, DateTime now)
    {
        var accepted = Verdict.Yes("Accepted", "Accepted").At(now, one.Metadata.Generation, one.Status?.Conditions);
        return PatchUnlessEqual(one.Status, new GatewayClassStatus { Conditions = [accepted, .. (one.Status?.Conditions ?? []).Where(condition => condition.Type != "Accepted")] });
    }

    /// <param name="addresses">Of the nodes that serve.</param>
    /// <param name="open">Whether some node listens there.</param>
    public static Patch? For(GatewayReport report, IReadOnlyList<string> addresses, Func<int, bool> open, DateTime now)
    {
        var (gateway, generation) = (report.Gateway, report.Gateway.Metadata.Generation);
        var listeners = report.Listeners.Select(listener => StatusOf(listener, open, now, generation, gateway.Status?.Listeners?.FirstOrDefault(known => known.Name == listener.Name))).ToList();
        var valid = report.Listeners.Any(listener => listener.Verdicts.First(verdict => verdict.Type == "Accepted").IsTrue && !listener.Verdicts.First(verdict => verdict.Type == "Conflicted").IsTrue);
        var programmed = listeners.Any(listener => listener.Conditions.Any(condition => condition is { Type: "Programmed", Status: "True" }));
        Verdict[] verdicts =
        [
            valid ? Verdict.Yes("Accepted", "Accepted") : Verdict.No("Accepted", "ListenersNotValid", "no listener can be served"),
            programmed ? Verdict.Yes("Programmed", "Programmed") : Verdict.No("Programmed", valid ? "Pending" : "Invalid", "no node listens yet"),
        ];
        return PatchUnlessEqual(gateway.Status, new GatewayStatus
        {
            Addresses = [.. addresses.Select(address => new GatewayAddress { Type = "IPAddress", Value = address })],
            Conditions = [.. verdicts.Select(verdict => verdict.At(now, generation, gateway.Status?.Conditions))],
            Listeners = listeners,
        });
    }

    public static Patch? For(RouteReport report, DateTime now)
    {
        var (route, generation) = (report.Route, report.Route.Metadata.Generation);
        var known = route.Status?.Parents ?? [];
        var ours = report.Parents.Select(parent => new RouteParentStatus
        {
            ParentRef = parent.Parent,
            ControllerName = IngressOptions.Controller,
            Conditions =
            [
                .. parent.Verdicts.Select(verdict => verdict.At(
                    now, generation, known.FirstOrDefault(status => status.ControllerName == IngressOptions.Controller && status.ParentRef == parent.Parent)?.Conditions)),
            ],
        });
        return PatchUnlessEqual(route.Status, new RouteStatus { Parents = [.. known.Where(status => status.ControllerName != IngressOptions.Controller), .. ours] });
    }

    private static ListenerStatus StatusOf(ListenerReport report, Func<int, bool> open, DateTime now, long? generation, ListenerStatus? known)
    {
        var programmed = !report.IsServed ? Verdict.No("Programmed", "Invalid", "the listener cannot be served")
            : open(report.Port) ? Verdict.Yes("Programmed", "Programmed")
            : Verdict.No("Programmed", "Pending", $"no node listens on port {report.Port}: another program may have it");
        return new ListenerStatus
        {
            Name = report.Name,
            SupportedKinds = [.. report.SupportedKinds],
            AttachedRoutes = report.AttachedRoutes,
            Conditions = [.. report.Verdicts.Append(programmed).Select(verdict => verdict.At(now, generation, known?.Conditions))],
        };
    }

    private static Patch? PatchUnlessEqual<T>(T? before, T after)
        where T : class
    {
        var bytes = ObjectJson.Encode(after);
        return before is not null && JsonNode.DeepEquals(JsonNode.Parse(ObjectJson.Encode(before)), JsonNode.Parse(bytes))
            ? null
            : new Patch(PatchKind.Merge, ObjectJson.Encode(new JsonObject { ["status"] = JsonNode.Parse(bytes) }));
    }
}
