using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Secrets;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Docker;

namespace Flotilla.Swarm.Services;

/// <summary>What a service's spec refers to: networks become ids, secrets and configs must be there.</summary>
internal sealed class ServiceReferences
{
    public void Resolve(JsonObject spec, SwarmInformers known)
    {
        foreach (var attachment in spec.Object("TaskTemplate").Objects("Networks"))
        {
            var target = attachment.String("Target") ?? "";
            attachment["Target"] = SwarmNetworks.FindForService(target, known);
        }
    }

    public void Check(ServiceSpec spec, SwarmInformers known)
    {
        var container = spec.TaskTemplate.ContainerSpec;
        Check("secret", container?.Secrets, reference => known.Secrets.List().Any(secret => SwarmInformers.IdOf(secret) == reference.Id && Payload.NameOf(secret) == reference.Name));
        Check("config", container?.Configs, reference => known.Configs.List().Any(config => SwarmInformers.IdOf(config) == reference.Id && Payload.NameOf(config) == reference.Name));
    }

    private static void Check(string noun, IReadOnlyList<FileReference>? references, Func<FileReference, bool> exists)
    {
        var missing = (references ?? []).Where(reference => !exists(reference)).Select(reference => reference.Name).ToList();
        if (missing.Count > 0)
        {
            throw DockerException.Invalid($"{noun}{(missing.Count > 1 ? "s" : "")} not found: {string.Join(", ", missing)}");
        }
    }
}
