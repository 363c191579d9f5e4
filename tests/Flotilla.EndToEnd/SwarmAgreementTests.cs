using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;
using Flotilla.Simulation.Tests.Agreement;

namespace Flotilla.EndToEnd;

/// <summary>
/// <c>docker service ls</c> and <c>kubectl get pods</c> tell the same at every moment of a random life of a swarm with real
/// containers, whose Flotilla is killed too. Only for <c>./test --swarm-agreement STEPS</c>.
/// </summary>
public sealed class SwarmAgreementTests(Cluster cluster, ITestOutputHelper output)
{
    private const int StepsToRestart = 10;
    private static readonly int Steps = int.TryParse(Environment.GetEnvironmentVariable("FLOTILLA_AGREEMENT_STEPS"), NumberStyles.None, CultureInfo.InvariantCulture, out var steps) ? steps : 100;
    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("FLOTILLA_AGREEMENT_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : Environment.TickCount & int.MaxValue;

    [Fact(Explicit = true)]
    public async Task Docker_and_kubectl_agree_at_every_moment_whatever_is_killed()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var host = (await cluster.FlotillaAsync("docker-env")).Success().Split('=', 2)[1];
        using var docker = new DockerApi(new Uri(host).LocalPath);
        await docker.OkAsync(HttpMethod.Post, "/swarm/init", new JsonObject { ["ListenAddr"] = "0.0.0.0:2377" });
        using var http = cluster.Http();
        var observer = new Observer(docker, async path => JsonNode.Parse(await http.GetStringAsync(path))!);
        observer.Note($"seed {Seed}");
        var user = new RandomSwarm(
            docker, random, new RandomSwarmOptions(Cluster.Image, ["sh", "-c", "trap 'exit 3' TERM; while true; do sleep 0.2; done"], null, MostServices: 3, MostReplicas: 3, LongestDelay: 500, KillAsync));
        using var stop = new CancellationTokenSource();
        var watching = observer.WatchAsync(stop.Token);
        for (var step = 1; step <= Steps; step++)
        {
            await observer.DoAsync(user.StepAsync);
            await Task.Delay(random.Next(1500));
            if (step % StepsToRestart == 0)
            {
                observer.Note("kill -9 of Flotilla, and up");
                await cluster.KillAsync();
                await cluster.UpAsync();
            }

            observer.Check();
        }

        await user.ActivateAsync();
        await observer.SettleAsync();
        await PrintedAsync(host);
        await stop.CancelAsync();
        await watching;
        observer.Check();
        output.WriteLine($"{Steps} steps, {observer.Moments} moments compared");
        await docker.OkAsync(HttpMethod.Post, "/swarm/leave?force=1");
        await Eventually.GetAsync(() => cluster.KubectlOkAsync("get", "pods", "-l", "com.docker.swarm.task", "-o", "name"), pods => pods.Length == 0);
    }

    /// <summary>A container gets the signal that its engine or its pod's user sends.</summary>
    private async Task<string> KillAsync(JsonNode task, string service, Random random)
    {
        var name = (await cluster.KubectlOkAsync("get", "pods", "-l", $"com.docker.swarm.task.id={task["ID"]}", "-o", "name")).Trim();
        if (name.Length == 0)
        {
            return $"kill a task of {service}: it was gone";
        }

        string[] command = random.Next(2) == 0 ? ["delete", name, "--wait=false"] : ["exec", name, "--", "kill", "-TERM", "1"];
        return $"kubectl {string.Join(' ', command)}: {(await cluster.KubectlAsync(command)).All.Trim()}";
    }

    // As users see it.
    private async Task PrintedAsync(string host)
    {
        var listed = (await CommandLine.RunAsync(
            await DockerTool.GetAsync(), ["service", "ls", "--format", "{{.Name}} {{.Replicas}}"], environment: new Dictionary<string, string> { ["DOCKER_HOST"] = host })).Success();
        foreach (var line in listed.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = line.Split(' ')[0];
            var pods = await cluster.KubectlOkAsync("get", "pods", "--no-headers", "-l", $"com.docker.swarm.service.name={name}");
            var running = pods.Split('\n').Count(pod => pod.Contains(" Running ", StringComparison.Ordinal));
            Assert.Equal($"{name} {running}/{running}", line);
        }
    }
}
