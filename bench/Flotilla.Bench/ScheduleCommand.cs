using System.CommandLine;
using System.Net;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Simulation;
using Flotilla.Simulation.Tests.Agreement;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Bench;

/// <summary>How fast pods get their nodes, on nodes that are simulated.</summary>
internal static class ScheduleCommand
{
    public static Command Create()
    {
        var names = string.Join(", ", ScheduleWorkload.All.Select(workload => workload.Name));
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "The cluster to measure; without it a control plane of its own is started for each workload" };
        var context = new Option<string?>("--context") { Description = "Its context, unless it is the current one" };
        var workload = new Option<string[]>("--workload") { Description = $"{names}, deployment, service", DefaultValueFactory = _ => ["fill"], AllowMultipleArgumentsPerToken = true };
        var clients = new Option<int>("--clients") { Description = "Clients that create pods", DefaultValueFactory = _ => 16 };
        var pods = new Option<int?>("--pods") { Description = "Pods to measure, or replicas of the Deployment or service, instead of the workload's own number" };
        var command = new Command("schedule", "Measures how fast pods are bound to simulated nodes") { kubeconfig, context, workload, clients, pods };
        command.SetAction(async (result, cancellationToken) =>
        {
            Console.WriteLine("| What | Figure |\n|---|---|");
            foreach (var name in result.GetValue(workload)!)
            {
                var one = new Run(name, result.GetValue(clients), result.GetValue(pods));
                if (result.GetValue(kubeconfig) is { } file)
                {
                    await RunAsync(one, KubernetesClientConfiguration.BuildConfigFromConfigFile(file, result.GetValue(context)), lives: true, cancellationToken);
                }
                else
                {
                    await using var served = await ServedApi.StartAsync(name switch { "deployment" => "control-plane", "service" => "swarm", _ => "scheduler" });
                    Clients.ServerTime = () => served.ProcessorTime;
                    await RunAsync(one, KubernetesClientConfiguration.BuildConfigFromConfigFile(served.Kubeconfig), lives: name is "deployment" or "service", cancellationToken, served);
                }
            }
        });
        return command;
    }

    private static async Task RunAsync(Run run, KubernetesClientConfiguration config, bool lives, CancellationToken cancellationToken, ServedApi? served = null)
    {
        var workload = ScheduleWorkload.All.FirstOrDefault(one => one.Name == run.Workload);
        if (workload is null && run.Workload is not ("deployment" or "service"))
        {
            throw new ArgumentException($"There is no workload '{run.Workload}'.");
        }

        if (run.Workload == "service" && served is null)
        {
            throw new ArgumentException("The workload 'service' needs a control plane of its own: leave --kubeconfig out.");
        }

        using var api = new ApiClient(config, HttpVersion.Version11);
        var ns = $"bench-{Environment.ProcessId}";
        await api.PostAsync("/api/v1/namespaces", Encoding.UTF8.GetBytes($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{ns}}}"}}"""));
        using var client = ClientFor(config);
        await EnsureAccountAsync(client, ns, cancellationToken);
        using var informers = new InformerSet(client, TimeProvider.System, NullLoggerFactory.Instance);
        var options = new SimulationOptions { Nodes = workload?.Nodes ?? 1000, Prefix = SwarmBench.NodePrefix, Cpu = workload is null ? "32" : "4", Memory = "32Gi" };
        using var simulator = new NodeSimulator(options, client, informers, TimeProvider.System, NullLogger.Instance);
        await simulator.RegisterAsync(cancellationToken);
        if (!lives)
        {
            await UntaintAsync(api, options);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (lives)
        {
            await informers.StartAsync(cancellationToken);
        }

        var running = lives ? simulator.RunAsync(stop.Token) : Task.CompletedTask;
        var bench = new ScheduleBench(api, ns, run.Clients);
        if (run.Workload == "service")
        {
            using var docker = new DockerApi(served!.DockerSocket);
            await Figure.PrintAsync(new SwarmBench(docker, api, () => served.ResidentBytes).RunAsync(run.Pods ?? 30_000));
        }
        else if (workload is null)
        {
            await Figure.PrintAsync(bench.DeployAsync(run.Pods ?? 30_000));
        }
        else
        {
            Console.WriteLine(await bench.RunAsync(workload, run.Pods ?? workload.Measured));
        }

        await stop.CancelAsync();
        await running;
        if (lives)
        {
            await informers.StopAsync(CancellationToken.None);
            await simulator.RemoveAsync(CancellationToken.None);
            await api.DeleteAsync($"/api/v1/namespaces/{ns}");
        }
    }

    // Without controllers nobody else makes it.
    private static async Task EnsureAccountAsync(HttpObjectClient client, string ns, CancellationToken cancellationToken)
    {
        try
        {
            await client.CreateAsync(new V1ServiceAccount { Metadata = new V1ObjectMeta { Name = "default", NamespaceProperty = ns } }, cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // The controllers were faster.
        }
    }

    // New nodes are tainted until a controller has seen that they are ready.
    private static Task UntaintAsync(ApiClient api, SimulationOptions options) => Clients.RateAsync(
        32, options.Nodes, i => api.PatchAsync($"/api/v1/nodes/{options.Prefix}{i}", """{"spec":{"taints":null}}"""u8.ToArray()));

    private static HttpObjectClient ClientFor(KubernetesClientConfiguration config)
    {
        var certificate = ClusterTrust.Certificate(config);
        return new HttpObjectClient(new HttpObjectClientOptions
        {
            Server = new Uri(config.Host),
            Authorities = () => config.SslCaCerts,
            ClientCertificate = () => certificate,
            BearerToken = () => config.AccessToken,
        });
    }

    private sealed record Run(string Workload, int Clients, int? Pods);
}
