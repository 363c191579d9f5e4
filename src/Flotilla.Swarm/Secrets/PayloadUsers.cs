using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Docker;

namespace Flotilla.Swarm.Secrets;

/// <summary>The services that use a secret or config.</summary>
internal static class PayloadUsers
{
    public static IEnumerable<SwarmService> Of(SwarmInformers known, string id) => known.Services.List().Where(service => service.Metadata.DeletionTimestamp is null
        && ((service.Read.TaskTemplate.ContainerSpec?.Secrets ?? []).Concat(service.Read.TaskTemplate.ContainerSpec?.Configs ?? (IReadOnlyList<FileReference>)[])).Any(reference => reference.Id == id));

    /// <summary>Gives them new tasks, as <c>service update --force</c> would: one after the other, as their update says.</summary>
    public static async Task RestartAsync(SwarmContext context, SwarmInformers known, string id, CancellationToken cancellationToken)
    {
        foreach (var service in Of(known, id).ToList())
        {
            await SwarmContext.RetryAsync(async () =>
            {
                var current = await context.Client.GetAsync<SwarmService>(service.Key(), cancellationToken);
                var spec = (JsonObject)WireJson.Node(current.Spec)!;
                spec.Child("TaskTemplate")["ForceUpdate"] = current.Read.TaskTemplate.ForceUpdate + 1;
                return await context.Client.UpdateAsync(current.With(WireJson.Element(spec)) with { Change = new SpecChange { At = context.Now, Iteration = current.Change?.Iteration ?? 0 } }, cancellationToken);
            });
        }
    }
}
