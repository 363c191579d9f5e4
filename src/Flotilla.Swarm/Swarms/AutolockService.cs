using System.Text.Json;
using System.Threading.Channels;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using k8s.Models;
using Microsoft.Extensions.Hosting;

namespace Flotilla.Swarm.Swarms;

/// <summary>
/// Keeps this server's keys sealed as the swarm says: at once when it was asked of this server, else as soon as it hears of it. Each time
/// swarm and key are read anew, one after the other, so that the last one to look has the last word.
/// </summary>
public sealed class AutolockService : BackgroundService
{
    private readonly ServerSeal seal;
    private readonly IObjectClient client;
    private readonly SwarmCluster cluster;
    private readonly SwarmTokens tokens;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Channel<bool> looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <param name="client">As itself.</param>
    public AutolockService(IObjectClient client, InformerSet informers, ServerSeal seal, TimeProvider time)
    {
        this.seal = seal;
        this.client = client;
        cluster = new SwarmCluster(client, informers, time);
        tokens = new SwarmTokens(client);
        cluster.WhenServed(known => known.Swarms.Subscribe(_ => looks.Writer.TryWrite(true)));
        informers.Of<V1Secret>(SwarmTokens.Scope).Subscribe(_ => looks.Writer.TryWrite(true));
    }

    public override void Dispose()
    {
        turn.Dispose();
        base.Dispose();
    }

    /// <summary>Whether a spec of a swarm wants it.</summary>
    internal static bool IsWanted(JsonElement spec) => WireJson.Node(spec).Object("EncryptionConfig").Boolean("AutoLockManagers") == true;

    /// <summary>Seals or opens this server's keys as the swarm is now. There have been Swarm's kinds.</summary>
    internal async Task ApplyAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            await seal(await KeyAsync(cancellationToken), cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await cluster.KnownAsync(stoppingToken);
        do
        {
            await ApplyAsync(stoppingToken);
        }
        while (await looks.Reader.ReadAsync(stoppingToken));
    }

    private async Task<ReadOnlyMemory<byte>?> KeyAsync(CancellationToken cancellationToken)
    {
        SwarmObject swarm;
        try
        {
            swarm = await client.GetAsync<SwarmObject>(new ObjectKey(null, SwarmApi.Default), cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // There is no swarm any more.
            return null;
        }

        return IsWanted(swarm.Spec)
            ? UnlockKey.Parse(await tokens.ReadAsync(SwarmTokens.Unlock, cancellationToken)) ?? throw new InvalidDataException($"{SwarmTokens.Place} holds no unlock key")
            : default(ReadOnlyMemory<byte>?);
    }
}

/// <summary>Seals what opens this server's secrets on disk, so that this key alone opens it after a restart; null: opens it for good.</summary>
public delegate Task ServerSeal(ReadOnlyMemory<byte>? unlockKey, CancellationToken cancellationToken);
