using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Nodes;
using Flotilla.Docker;
using k8s.Models;

namespace Flotilla.Swarm.Swarms;

/// <summary><c>docker swarm</c>: init, inspect, update, leave and the keys.</summary>
internal sealed class SwarmRoutes(SwarmContext context, AutolockService autolock, AuthorityRotate rotateAuthority)
{
    private const string AlreadyIn = "This node is already part of a swarm. Use \"docker swarm leave\" to leave this swarm and join another one.";
    private const string LastManager =
        "You are attempting to leave the swarm on a node that is participating as a manager. Removing the last manager erases all current state of the swarm. Use `--force` to ignore this message. ";

    private readonly SwarmTokens tokens = new(context.Client);

    public IEnumerable<Route> All =>
    [
        new("GET", "/swarm", InspectAsync),
        new("POST", "/swarm/init", InitAsync),
        new("POST", "/swarm/join", JoinAsync),
        new("POST", "/swarm/leave", LeaveAsync),
        new("POST", "/swarm/update", UpdateAsync),
        new("GET", "/swarm/unlockkey", UnlockKeyAsync),
        new("POST", "/swarm/unlock", UnlockAsync),
    ];

    private async Task<DockerAnswer> InspectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        var value = SwarmView.Of(known.Swarm!, context);
        value["JoinTokens"] = new JsonObject
        {
            ["Worker"] = SwarmTokens.TokenOf(context.Authority, await tokens.ReadAsync(SwarmTokens.Worker, cancellationToken)),
            ["Manager"] = SwarmTokens.TokenOf(context.Authority, await tokens.ReadAsync(SwarmTokens.Manager, cancellationToken)),
        };
        return DockerAnswer.Json(value);
    }

    private async Task<DockerAnswer> InitAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        await Task.WhenAll(context.Nodes.WaitForSyncAsync(cancellationToken), context.CurrentAsync(cancellationToken));
        var self = context.Self ?? throw new DockerException(503, $"node {context.Options.NodeName} is not registered yet; try again");
        if (context.Swarm is not null)
        {
            return body.Boolean("ForceNewCluster") == true ? await ForceNewAsync(self, AdvertisedAddress(body, self), cancellationToken) : throw new DockerException(503, AlreadyIn);
        }

        var spec = body.Object("Spec") ?? [];
        var address = AdvertisedAddress(body, self);
        SwarmSpecDefaults.CheckNew(spec);
        var swarm = new SwarmObject
        {
            Metadata = new V1ObjectMeta { Name = SwarmApi.Default },
            Spec = WireJson.Element(SwarmSpecDefaults.Fill(spec)),
            Network = NetworkOf(body, address),
        };
        var known = await context.Cluster.EnsureAsync(cancellationToken);
        await tokens.CreateAsync(cancellationToken);
        try
        {
            var created = await context.Client.CreateAsync(swarm, cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            throw new DockerException(503, AlreadyIn);
        }

        await autolock.ApplyAsync(cancellationToken);
        if (body.String("Availability") is { } availability && availability is ("pause" or "drain"))
        {
            await NodeUpdate.ApplyAsync(context, self, new JsonObject { ["Labels"] = new JsonObject(), ["Availability"] = availability }, cancellationToken);
        }

        return DockerAnswer.Json(SwarmInformers.IdOf(self));
    }

    /// <summary>All that there is goes on, told to be at this machine's address: the swarm may have been another machine's before.</summary>
    private async Task<DockerAnswer> ForceNewAsync(V1Node self, string address, CancellationToken cancellationToken)
    {
        await SwarmContext.RetryAsync(async () =>
        {
            var current = await context.Client.GetAsync<SwarmObject>(new ObjectKey(null, SwarmApi.Default), cancellationToken);
            return await context.Client.UpdateAsync(current with { Network = current.Network with { AdvertiseAddress = address } }, cancellationToken);
        });
        return DockerAnswer.Json(SwarmInformers.IdOf(self));
    }

    /// <summary>Where managers are to be joined: what the user says, else this node's address. Its port is Swarm's or the user's.</summary>
    private static string AdvertisedAddress(JsonObject body, V1Node self)
    {
        var listen = body.String("ListenAddr");
        if (string.IsNullOrEmpty(listen))
        {
            throw DockerException.BadRequest("invalid ListenAddr: must not be empty");
        }

        var port = PortOf(listen) ?? 2377;
        var told = body.String("AdvertiseAddr") is { Length: > 0 } text ? text : NodeView.AddressOf(self);
        var host = PortOf(told) is { } own ? told[..told.LastIndexOf(':')] : told;
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
        {
            throw DockerException.BadRequest("advertise address must be a non-zero IP address or network interface (with optional port number)");
        }

        if (address is null)
        {
            throw DockerException.BadRequest("advertise address must be a non-zero IP address or network interface (with optional port number)");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{host}:{PortOf(told) ?? port}");
    }

    private static int? PortOf(string address) =>
        address.LastIndexOf(':') is > 0 and var at && int.TryParse(address[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null;

    private static SwarmNetwork NetworkOf(JsonObject body, string address)
    {
        var network = new SwarmNetwork { AdvertiseAddress = address };
        var port = body.Integer("DataPathPort") ?? 0;
        if (port is not 0 and (< 1024 or > 49151))
        {
            throw DockerException.BadRequest($"Datapath port number is not in valid range (1024-49151) : {port}");
        }

        var pools = (body.Array("DefaultAddrPool") ?? []).Select(pool => pool.AsString() ?? "").Where(pool => pool.Length > 0).ToList();
        foreach (var pool in pools.Where(pool => !IPNetwork.TryParse(pool, out _)))
        {
            throw DockerException.BadRequest($"invalid CIDR address: {pool}");
        }

        return network with
        {
            DataPathPort = port == 0 ? network.DataPathPort : (int)port,
            DefaultAddressPool = pools.Count == 0 ? network.DefaultAddressPool : pools,
            SubnetSize = body.Integer("SubnetSize") is > 0 and var size ? (int)size : network.SubnetSize,
        };
    }

    private async Task<DockerAnswer> JoinAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        await request.BodyAsync(cancellationToken);
        await context.CurrentAsync(cancellationToken);
        throw context.Swarm is not null
            ? new DockerException(503, AlreadyIn)
            : new DockerException(501, "This machine is a cluster of its own: a machine joins another one's with 'flotilla agent --server URL --token TOKEN', as 'flotilla token create' prints it there.");
    }

    private async Task<DockerAnswer> LeaveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        if (await context.CurrentAsync(cancellationToken) is not { Swarm: not null } known)
        {
            throw new DockerException(503, "This node is not part of a swarm");
        }

        if (!request.Flag("force"))
        {
            throw new DockerException(503, LastManager);
        }

        await SwarmRemoval.RemoveAsync(known, context, cancellationToken);
        await tokens.DeleteAsync(cancellationToken);
        await context.Client.DeleteAsync<SwarmObject>(new ObjectKey(null, SwarmApi.Default), null, cancellationToken);
        await autolock.ApplyAsync(cancellationToken);
        return DockerAnswer.Ok();
    }

    private async Task<DockerAnswer> UpdateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var index = request.VersionIndex;
        var known = await context.ManagerAsync(cancellationToken);
        var spec = await request.BodyAsync(cancellationToken);
        SwarmSpecDefaults.Check(spec);
        var (locksAnew, isRotated) = (false, false);
        await SwarmContext.RetryAsync(async () =>
        {
            var current = await context.Client.GetAsync<SwarmObject>(new ObjectKey(null, SwarmApi.Default), cancellationToken);
            if (SwarmView.VersionOf(current) != index)
            {
                throw DockerException.OutOfSequence();
            }

            if (!isRotated && AuthorityWish.Of(spec, WireJson.Node(current.Spec)) is { } wish)
            {
                var before = context.Authority.Hash;
                await rotateAuthority(wish.Certificate, wish.Key, cancellationToken);
                isRotated = true;

                // Who asks next how far it is must not hear of the state before.
                await context.KnowAuthorityAfterAsync(before, cancellationToken);
            }

            var next = WireJson.Element(SwarmSpecDefaults.Fill(spec));
            locksAnew = AutolockService.IsWanted(next) && !AutolockService.IsWanted(current.Spec);
            current.Metadata.Annotations = new Dictionary<string, string>(current.Metadata.Annotations ?? new Dictionary<string, string>()) { [SwarmApi.UpdatedAt] = context.Now.ToString("O") };
            return await context.Client.UpdateAsync(current with { Spec = next }, cancellationToken);
        });
        List<string> rotate = [];
        rotate.AddRange(request.Flag("rotateWorkerToken") ? [SwarmTokens.Worker] : []);
        rotate.AddRange(request.Flag("rotateManagerToken") ? [SwarmTokens.Manager] : []);
        rotate.AddRange(request.Flag("rotateManagerUnlockKey") || locksAnew ? [SwarmTokens.Unlock] : []);
        if (rotate.Count > 0)
        {
            await tokens.RotateAsync(rotate, cancellationToken);
        }

        await autolock.ApplyAsync(cancellationToken);
        return DockerAnswer.Ok();
    }

    private async Task<DockerAnswer> UnlockKeyAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        return DockerAnswer.Json(new JsonObject { ["UnlockKey"] = AutolockService.IsWanted(known.Swarm!.Spec) ? await tokens.ReadAsync(SwarmTokens.Unlock, cancellationToken) : "" });
    }

    private async Task<DockerAnswer> UnlockAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        await context.ManagerAsync(cancellationToken);
        throw new DockerException(409, SwarmEndpoint.NotLocked);
    }
}
