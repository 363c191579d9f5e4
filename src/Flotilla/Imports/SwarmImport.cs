using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Local;
using Flotilla.Swarm.Conversion;

namespace Flotilla.Imports;

/// <summary>Makes in this swarm what another one has: overlay networks, configs and services. What is there by name stays as it is.</summary>
/// <param name="say">Gets a line for each thing.</param>
internal sealed class SwarmImport(DockerApi from, DockerApi to, Action<string> say)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if ((await to.GetAsync("/info", cancellationToken)).Object("Swarm").Boolean("ControlAvailable") != true)
        {
            throw new UserError("This cluster has no swarm: begin one with 'docker swarm init'.");
        }

        var networks = await ListAsync(from, "/networks", cancellationToken);
        foreach (var network in networks.Where(network => network.String("Scope") == "swarm" && network.Boolean("Ingress") != true && network.String("Driver") == "overlay"))
        {
            await MakeAsync("network", network.String("Name")!, "/networks/create", NetworkOf(network), cancellationToken);
        }

        foreach (var config in await ListAsync(from, "/configs", cancellationToken))
        {
            await MakeAsync("config", config.Object("Spec").String("Name")!, "/configs/create", config.Object("Spec")!.Copy(), cancellationToken);
        }

        var (secrets, configs) = (await IdsAsync("/secrets", cancellationToken), await IdsAsync("/configs", cancellationToken));
        foreach (var name in (await ListAsync(from, "/secrets", cancellationToken)).Select(secret => secret.Object("Spec").String("Name")!).Where(name => !secrets.ContainsKey(name)))
        {
            say($"secret {name}: nobody gives back what it holds; make it with: docker secret create {name} FILE");
        }

        var names = networks.ToDictionary(network => network.String("Id")!, network => network.String("Name")!);
        foreach (var service in await ListAsync(from, "/services", cancellationToken))
        {
            var spec = ImportedService.SpecFor(service, names, secrets, configs, out var missing);
            if (missing is not null)
            {
                say($"service {spec.String("Name")}: waits for {missing}; import again when that is here");
                continue;
            }

            await MakeAsync("service", spec.String("Name")!, "/services/create", spec, cancellationToken);
        }
    }

    private async Task MakeAsync(string noun, string name, string path, JsonObject spec, CancellationToken cancellationToken) =>
        say(await to.CreateAsync(path, spec, cancellationToken) is { } why ? $"{noun} {name}: {why}" : $"{noun} {name}");

    private async Task<Dictionary<string, string>> IdsAsync(string path, CancellationToken cancellationToken) =>
        (await ListAsync(to, path, cancellationToken)).ToDictionary(one => one.Object("Spec").String("Name")!, one => one.String("ID")!);

    private static async Task<IReadOnlyList<JsonObject>> ListAsync(DockerApi api, string path, CancellationToken cancellationToken) =>
        [.. (await api.GetAsync(path, cancellationToken) as JsonArray ?? []).OfType<JsonObject>()];

    private static JsonObject NetworkOf(JsonObject network)
    {
        var spec = new JsonObject();
        foreach (var field in new[] { "Name", "Driver", "Internal", "Attachable", "EnableIPv6", "IPAM", "Labels" }.Where(network.ContainsKey))
        {
            spec[field] = network[field]?.DeepClone();
        }

        return spec;
    }
}
