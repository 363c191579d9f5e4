using System.Globalization;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Members;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Secrets;
using Flotilla.Swarm.Services;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Events;

/// <summary>What <c>docker events</c> tells of the swarm, on its managers: from the moment on that this one follows it.</summary>
internal sealed class SwarmEvents(IMachineEngine machine, DateTime since)
{
    public void Follow(SwarmInformers known)
    {
        Follow(known.Services, "service", service => service.Name, ChangesOf);
        Follow(known.Nodes, "node", node => node.Metadata.Name, ChangesOf);
        Follow(known.Networks, "network", network => SwarmNetworks.Of(network).Name, (_, _) => []);
        Follow(known.Secrets, "secret", Payload.NameOf, (_, _) => []);
        Follow(known.Configs, "config", Payload.NameOf, (_, _) => []);
    }

    /// <summary>What of a service's change is told besides that there was one.</summary>
    internal static IEnumerable<(string Name, string Value)> ChangesOf(SwarmService old, SwarmService now) =>
    [
        .. Changed("replicas", ReplicasOf(old), ReplicasOf(now)), .. Changed("image", old.Read.TaskTemplate.ContainerSpec?.Image, now.Read.TaskTemplate.ContainerSpec?.Image),
        .. Changed("updatestate", old.Status?.Update?.State, now.Status?.Update?.State),
    ];

    internal static IEnumerable<(string Name, string Value)> ChangesOf(V1Node old, V1Node now) =>
        [.. Changed("availability", NodeView.Availability(old), NodeView.Availability(now)), .. Changed("state", StateOf(old), StateOf(now))];

    private void Follow<T>(Informer<T> all, string type, Func<T, string> nameOf, Func<T, T, IEnumerable<(string Name, string Value)>> changesOf)
        where T : class, IKubernetesObject<V1ObjectMeta> => all.Subscribe(change =>
    {
        if (change.New is not { } now)
        {
            Tell(type, "remove", change.Old!, nameOf(change.Old!), []);
        }
        else if (change.Old is not { } old)
        {
            // Those that are only seen for the first time are no news.
            if (now.Metadata.CreationTimestamp > since)
            {
                Tell(type, "create", now, nameOf(now), []);
            }
        }
        else if (changesOf(old, now).ToList() is var changes && (changes.Count > 0 || (type != "node" && old.Metadata.Generation != now.Metadata.Generation)))
        {
            Tell(type, "update", now, nameOf(now), changes);
        }
    });

    private void Tell(string type, string action, IKubernetesObject<V1ObjectMeta> value, string name, IEnumerable<(string Name, string Value)> more) =>
        machine.Announce(type, action, SwarmInformers.IdOf(value), [("name", name), .. more]);

    private static IEnumerable<(string Name, string Value)> Changed(string name, string? old, string? now) => old == now ? [] : [.. now is null ? [] : new[] { ($"{name}.new", now) }, .. old is null ? [] : new[] { ($"{name}.old", old) }];

    private static string? ReplicasOf(SwarmService service) => service.Read.Mode?.Replicated is { } mode ? (mode.Replicas ?? 1).ToString(CultureInfo.InvariantCulture) : null;

    private static string StateOf(V1Node node) => NodeView.IsReady(node) && Membership.IsMember(node) ? "ready" : "down";
}
