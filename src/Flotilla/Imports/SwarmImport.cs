using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Local;
using Flotilla.Swarm.Conversion;

namespace Flotilla.Imports;

/// <summary>Makes in this swarm what another one has: overlay networks, configs and services. What is there by name stays as it is.</summary>
/// <param name="say">Gets a line for each thing.</param>
internal sealed class SwarmImport(DockerApi from, DockerApi to, Action<string> say)
{
    // Nobody asks for it: the other swarm has chosen.
    private const string GivenOption = "com.docker.network.driver.overlay.vxlanid_list";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if ((await to.GetAsync("/info", cancellationToken)).Object("Swarm").Boolean("ControlAvailable") != true)
        {
            throw new UserError("This cluster has no swarm: begin one with 'docker swarm init'.");
        }

        var networks = await ListAsync(from, "/networks", cancellationToken);
        foreach (var network in networks.Where(network => network.String("Scope") == "swarm" && network.Boolean("Ingress") != true))
        {
            await MakeNetworkAsync(network, cancellationToken);
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

        var services = await ListAsync(from, "/services", cancellationToken);
        var names = await NamesAsync(networks, services, cancellationToken);
        foreach (var service in services)
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

    private async Task MakeNetworkAsync(JsonObject network, CancellationToken cancellationToken)
    {
        var (name, driver) = (network.String("Name")!, network.String("Driver"));
        if (driver != "overlay")
        {
            say($"network {name}: is of the driver {driver}, and only overlay networks are for the whole swarm here; make one of that name for the services that use it");
            return;
        }

        await MakeAsync("network", name, "/networks/create", NetworkOf(network), cancellationToken);
    }

    // Networks of the nodes that services may use, like host, are in no list.
    private async Task<Dictionary<string, string>> NamesAsync(IReadOnlyList<JsonObject> networks, IReadOnlyList<JsonObject> services, CancellationToken cancellationToken)
    {
        var names = networks.ToDictionary(network => network.String("Id")!, network => network.String("Name")!);
        foreach (var id in services.SelectMany(ImportedService.NetworksOf).Where(id => !names.ContainsKey(id)).Distinct(StringComparer.Ordinal).ToList())
        {
            if ((await from.FindAsync($"/networks/{Uri.EscapeDataString(id)}?scope=swarm", cancellationToken) as JsonObject).String("Name") is { Length: > 0 } name)
            {
                names[id] = name;
            }
        }

        return names;
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

        spec["Options"] = new JsonObject((network.Object("Options") ?? []).Where(option => option.Key != GivenOption).Select(option => KeyValuePair.Create(option.Key, option.Value?.DeepClone())));
        return spec;
    }
}
