using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Docker;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Flotilla.Swarm;
using Flotilla.Swarm.Swarms;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>A swarm of simulated nodes in this process. Everything but its store and its nodes' names ends and begins again with <see cref="RestartAsync"/>.</summary>
internal sealed class SimulatedSwarm : IAsyncDisposable
{
    private static readonly SimulationOptions Options = new() { Nodes = 4, FailureRate = 0.03, StartDelay = TimeSpan.FromMilliseconds(5) };
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-agreement-");
    private readonly MemoryStore store = new();
    private readonly ClusterIdentity identity = ControlPlane.NewIdentity();
    private Run? run;

    public SimulatedSwarm() => Docker = new DockerApi(Socket);

    public DockerApi Docker { get; }

    private string Socket => Path.Combine(directory.FullName, "docker.sock");

    public static async Task<SimulatedSwarm> StartAsync()
    {
        var swarm = new SimulatedSwarm();
        swarm.run = await Run.StartAsync(swarm.store, swarm.identity, swarm.Socket);
        await swarm.Docker.OkAsync(HttpMethod.Post, "/swarm/init", new JsonObject { ["ListenAddr"] = "0.0.0.0:2377" });
        return swarm;
    }

    public async Task<JsonNode> KubernetesAsync(string path) =>
        run is { } running ? JsonNode.Parse(await running.Plane.Client.SendAsync(HttpMethod.Get, path, null, default, default))! : throw new IOException("It restarts.");

    /// <summary>A task's pod is deleted, or its container ends with 137, as its node would tell.</summary>
    public async Task<string> KillAsync(JsonNode task, string service, Random random)
    {
        var byDelete = random.Next(2) == 0;
        var words = $"{(byDelete ? "kubectl delete pod" : "kill")} {service}.{task["Slot"] ?? task["NodeID"]}.{task["ID"]}";
        try
        {
            var pods = await KubernetesAsync($"/api/v1/namespaces/default/pods?labelSelector=com.docker.swarm.task.id={task["ID"]}");
            var path = $"/api/v1/namespaces/default/pods/{pods["items"]!.AsArray().Single()!["metadata"]!["name"]}";
            await (byDelete
                ? run!.Plane.Client.SendAsync(HttpMethod.Delete, path, null, default, default)
                : run!.Plane.Client.SendAsync(HttpMethod.Patch, path + "/status", "application/merge-patch+json", Encoding.UTF8.GetBytes(Ended(pods["items"]![0]!).ToJsonString()), default));
            return words;
        }
        catch (Exception gone) when (gone is InvalidOperationException or ApiException { IsNotFound: true })
        {
            return words + ": it was gone";
        }
    }

    private static JsonObject Ended(JsonNode pod)
    {
        var now = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var container = pod["status"]!["containerStatuses"]![0]!.DeepClone().AsObject();
        container["ready"] = false;
        container["state"] = new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = 137, ["reason"] = "Error", ["startedAt"] = now, ["finishedAt"] = now } };
        return new JsonObject { ["status"] = new JsonObject { ["phase"] = "Failed", ["containerStatuses"] = new JsonArray(container) } };
    }

    public async Task RestartAsync()
    {
        var old = run!;
        run = null;
        await old.DisposeAsync();
        run = await Run.StartAsync(store, identity, Socket);
    }

    public async ValueTask DisposeAsync()
    {
        await (run?.DisposeAsync() ?? default);
        Docker.Dispose();
        await store.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private sealed class Run(ControlPlane plane, SwarmController controller, DockerServer docker, NodeSimulator simulator) : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private Task simulating = Task.CompletedTask;

        public ControlPlane Plane => plane;

        public static async Task<Run> StartAsync(IStore store, ClusterIdentity identity, string socket)
        {
            var plane = await ControlPlane.StartAsync(store, identity);
            var options = new SwarmOptions { Socket = socket, NodeName = Options.Prefix + "0" };
            var client = plane.Server.ClientFor("docker");
            var routes = SwarmEndpoint.Routes(
                options, client, plane.Informers, plane.Server.NewestChangesAsync, (_, _, _, _, _) => Task.CompletedTask, (_, _) => throw new IOException("simulated nodes have no engine"), (_, _) => Task.CompletedTask, (_, _, _) => Task.CompletedTask, (_, _, _) => Task.CompletedTask,
                new AutolockService(client, plane.Informers, (_, _) => Task.CompletedTask, TimeProvider.System), new NoMachine(), TimeProvider.System);
            var run = new Run(
                plane,
                new SwarmController(options, plane.Server.ClientFor("flotilla-swarm"), plane.Informers, TimeProvider.System, NullLoggerFactory.Instance),
                new DockerServer(socket, options.Version, routes, NullLoggerFactory.Instance),
                new NodeSimulator(Options, plane.Client, plane.Informers, TimeProvider.System, NullLogger.Instance));
            await run.StartAsync();
            return run;
        }

        public async ValueTask DisposeAsync()
        {
            await docker.StopAsync(default);
            await docker.DisposeAsync();
            await controller.StopAsync(default);
            controller.Dispose();
            await stop.CancelAsync();
            await simulating;
            simulator.Dispose();
            await plane.DisposeAsync();
            stop.Dispose();
        }

        private async Task StartAsync()
        {
            await simulator.RegisterAsync(default);
            simulating = simulator.RunAsync(stop.Token);
            await controller.StartAsync(default);
            await docker.StartAsync(default);
        }
    }
}
