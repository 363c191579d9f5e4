using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Events;
using Flotilla.Engine.Images;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Logs;
using Flotilla.Engine.Networks;
using Flotilla.Engine.Specs;
using Flotilla.Engine.Volumes;
using Microsoft.Extensions.Logging;

namespace Flotilla.Engine.Containers;

/// <summary><c>POST /containers/create</c>: a record, a layer of its own and its volumes. Nothing runs yet.</summary>
internal sealed class ContainerCreation(ImageCatalog images, ContainerStore containers, NetworkStore networks, MountPlan mounts, ContainerVolumes volumes, RootFileSystem files, EngineOptions options, EventLog events, TimeProvider time)
{
    private const long LeastMemory = 6 << 20;
    private static readonly string[] Policies = ["", "no", "always", "unless-stopped", "on-failure"];

    public IEnumerable<Route> All => [new("POST", "/containers/create", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        var container = await CreateAsync(request.Query("name") ?? "", body, cancellationToken);
        events.Container(container, "create");
        return DockerAnswer.Json(new JsonObject { ["Id"] = container.Id, ["Warnings"] = new JsonArray() }, 201);
    }

    private async Task<Container> CreateAsync(string name, JsonObject body, CancellationToken cancellationToken) =>
        body.String("Image") is { Length: > 0 } image
            ? await CreateAsync(name, body, await images.FindAsync(image, cancellationToken), cancellationToken)
            : throw DockerException.BadRequest("no image specified");

    /// <param name="name">Empty: any.</param>
    /// <param name="body">As <c>POST /containers/create</c> takes it.</param>
    /// <exception cref="DockerException">It cannot be.</exception>
    public async Task<Container> CreateAsync(string name, JsonObject body, EngineImage image, CancellationToken cancellationToken)
    {
        var wantedName = name.Length == 0 ? ContainerNames.Next(taken => containers.TryFind(taken) is not null) : ContainerNames.Checked(name);
        var host = body.Object("HostConfig")?.Copy() ?? [];
        Check(host);
        var given = body.Copy();
        given.Remove("HostConfig");
        given.Remove("NetworkingConfig");
        var config = ImageSettings.Merge(given, image.Content.Settings);
        var id = Ids.New();
        config.DefaultText("Hostname", id[..12]);
        config.DefaultText("Domainname", "");
        HostDefaults.Fill(host, options);
        var record = new ContainerRecord
        {
            Id = id,
            Name = wantedName,
            Created = time.GetUtcNow().UtcDateTime,
            Image = body.String("Image") ?? image.Id,
            ImageId = image.Id,
            Config = config,
            HostConfig = host,
            Networks = EndpointsOf(host, body.Object("NetworkingConfig").Object("EndpointsConfig")),
        };
        if (record.Command.Count == 0)
        {
            throw DockerException.BadRequest("no command specified");
        }

        if (host.Boolean("Init") == true)
        {
            InitProgram.Find();
        }

        return await AddAsync(record, image, cancellationToken);
    }

    private async Task<Container> AddAsync(ContainerRecord record, EngineImage image, CancellationToken cancellationToken)
    {
        var container = new Container(record, containers.DirectoryOf(record.Id));
        containers.Add(container);
        try
        {
            record.Mounts.AddRange(mounts.For(record.Config, record.HostConfig));
            await files.CreateAsync(record.Id, image.Content.ChainId, cancellationToken);
            Directory.CreateDirectory(container.Directory);
            await File.WriteAllBytesAsync(container.LogFile, [], cancellationToken);
            await volumes.FillAsync(record, cancellationToken);
            container.Save();
            return container;
        }
        catch
        {
            containers.Remove(container);
            await files.RemoveAsync(record.Id, CancellationToken.None);
            if (Directory.Exists(container.Directory))
            {
                Directory.Delete(container.Directory, recursive: true);
            }

            throw;
        }
    }

    private Dictionary<string, EndpointRecord> EndpointsOf(JsonObject host, JsonObject? wanted)
    {
        Dictionary<string, EndpointRecord> endpoints = new(StringComparer.Ordinal);
        var mode = host.String("NetworkMode") is { Length: > 0 } said && said != "default" ? said : BuiltInNetworks.Bridge;
        if (mode.StartsWith("container:", StringComparison.Ordinal))
        {
            containers.Find(mode["container:".Length..]);
            return endpoints;
        }

        foreach (var name in (wanted ?? []).Select(pair => pair.Key == "default" ? BuiltInNetworks.Bridge : pair.Key).Prepend(mode).Distinct(StringComparer.Ordinal))
        {
            // Whether it is there counts when the container starts.
            if (networks.TryFind(name) is not { } network)
            {
                endpoints.TryAdd(name, new EndpointRecord { NetworkId = name, Aliases = AliasesOf(wanted.Object(name) ?? wanted.Object("default")) });
                continue;
            }

            endpoints.TryAdd(network.Name, EndpointOf(network, (wanted.Object(name) ?? wanted.Object("default"))));
            if (name == mode)
            {
                host["NetworkMode"] = network.Name;
            }
        }

        return endpoints;
    }

    public static EndpointRecord EndpointOf(NetworkRecord network, JsonObject? wanted)
    {
        var address = wanted.Object("IPAMConfig").String("IPv4Address") ?? "";
        if (address.Length > 0 && network.IsBuiltIn)
        {
            throw DockerException.BadRequest("invalid config for network bridge: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only");
        }

        if (address.Length > 0 && !network.Range.Contains(IPAddress.Parse(address)))
        {
            throw DockerException.BadRequest($"invalid config for network {network.Name}: invalid endpoint settings:\nno configured subnet contains IP address {address}");
        }

        return new EndpointRecord { NetworkId = network.Id, WantedAddress = address, Aliases = AliasesOf(wanted) };
    }

    public static List<string> AliasesOf(JsonObject? wanted) => [.. (wanted.Array("Aliases") ?? []).Select(alias => alias.AsString() ?? "")];

    private void Check(JsonObject host)
    {
        if (host.String("Runtime") is { Length: > 0 } wanted && options.Runtimes.All(runtime => runtime.Name != wanted))
        {
            throw DockerException.BadRequest($"unknown or invalid runtime name: {wanted}");
        }

        if (host.Integer("Memory") is > 0 and < LeastMemory)
        {
            throw DockerException.BadRequest("Minimum memory limit allowed is 6MB");
        }

        if (host.Integer("NanoCpus") is < 0 or > 0 && host.Integer("NanoCpus") > Environment.ProcessorCount * 1_000_000_000L)
        {
            throw DockerException.BadRequest($"range of CPUs is from 0.01 to {Environment.ProcessorCount}.00, as there are only {Environment.ProcessorCount} CPUs available");
        }

        LogSettings.Check(host);
        LogSettings.Of(host, options.MaxLogBytes);
        var policy = host.Object("RestartPolicy").String("Name") ?? "";
        if (!Policies.Contains(policy))
        {
            throw DockerException.BadRequest($"invalid restart policy: unknown policy '{policy}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'");
        }

        if (host.Boolean("AutoRemove") == true && policy is not ("" or "no"))
        {
            throw DockerException.BadRequest("can't create 'AutoRemove' container with restart policy");
        }

        if (GivenSeccompProfile.Of((host.Array("SecurityOpt") ?? []).Select(option => option.AsString() ?? "")) is { } profile)
        {
            GivenSeccompProfile.Parse(profile, [], RuntimeInformation.OSArchitecture, Environment.OSVersion.Version);
        }

        foreach (var address in (host.Object("PortBindings") ?? []).SelectMany(port => port.Value as JsonArray ?? []).Select(binding => binding.String("HostIp") ?? "").Where(address => address.Length > 0))
        {
            CheckAddress(address);
        }

        foreach (var name in (host.Array("CapAdd") ?? []).Concat(host.Array("CapDrop") ?? []).Select(name => name.AsString() ?? ""))
        {
            if (!Capabilities.IsKnown(name))
            {
                throw DockerException.BadRequest($"invalid capability: unknown capability: \"{(name.StartsWith("CAP_", StringComparison.OrdinalIgnoreCase) ? name.ToUpperInvariant() : "CAP_" + name.ToUpperInvariant())}\"");
            }
        }
    }

    private static void CheckAddress(string address)
    {
        if (!IPAddress.TryParse(address, out var parsed))
        {
            throw DockerException.BadRequest($"invalid IP address: {address}");
        }

        if (parsed.AddressFamily == AddressFamily.InterNetworkV6)
        {
            throw DockerException.BadRequest($"a container has no IPv6 address to which a port of {address} could lead: publish it at an IPv4 address, or make it a service of a cluster with both families");
        }
    }
}
