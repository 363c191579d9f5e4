using Flotilla.Bench;
using Flotilla.Client;
using Flotilla.Conformance.Live;
using Flotilla.Simulation;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Conformance.Scheduling;

/// <summary>
/// Nodes of one test's own, which no other test's pods come to: simulated, tainted, and in a zone of their own. The
/// scheduler and the API are the live cluster's.
/// </summary>
internal sealed class SimulatedNodes : IAsyncDisposable
{
    private readonly HttpObjectClient client;
    private readonly InformerSet informers;
    private readonly NodeSimulator simulator;
    private readonly CancellationTokenSource stop = new();
    private Task running = Task.CompletedTask;

    private SimulatedNodes(LiveCluster cluster, SimulationOptions options)
    {
        var config = KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.Kubeconfig);
        var certificate = ClusterTrust.Certificate(config);
        client = new HttpObjectClient(new HttpObjectClientOptions
        {
            Server = new Uri(config.Host), Authorities = () => config.SslCaCerts, ClientCertificate = () => certificate,
        });
        informers = new InformerSet(client, TimeProvider.System, NullLoggerFactory.Instance);
        simulator = new NodeSimulator(options, client, informers, TimeProvider.System, NullLogger.Instance);
        Prefix = options.Prefix;
    }

    public string Prefix { get; }

    public static async Task<SimulatedNodes> StartAsync(LiveCluster cluster, Space space, int count, string cpu)
    {
        var nodes = new SimulatedNodes(cluster, new SimulationOptions
        {
            Nodes = count,
            Prefix = $"{space.Name}-",
            Cpu = cpu,
            Memory = "8Gi",
            Zones = 0,
            Clients = 4,
            Taint = new V1Taint { Key = "simulated", Value = space.Name, Effect = "NoSchedule" },
        });
        await nodes.simulator.RegisterAsync(default);
        await nodes.informers.StartAsync(default);
        nodes.running = nodes.simulator.RunAsync(nodes.stop.Token);
        await space.UntilAsync(
            async () => (await space.Client.CoreV1.ListNodeAsync()).Items.Where(node => node.Metadata.Name.StartsWith(nodes.Prefix, StringComparison.Ordinal)),
            found => found.Count() == count && found.All(node => node.Spec.Taints.All(taint => taint.Key == "simulated")));
        return nodes;
    }

    /// <summary>A pod that can run on these nodes only.</summary>
    public V1Pod Pod(string name, string cpu, string? priorityClass = null, params string[] finalizers) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["name"] = name }, Finalizers = finalizers.Length > 0 ? finalizers : null },
        Spec = Spec(cpu, priorityClass),
    };

    public V1PodSpec Spec(string cpu, string? priorityClass) => new()
    {
        PriorityClassName = priorityClass,
        TerminationGracePeriodSeconds = 0,
        Tolerations = [new V1Toleration { Key = "simulated", OperatorProperty = "Equal", Value = Prefix.TrimEnd('-'), Effect = "NoSchedule" }],
        NodeSelector = new Dictionary<string, string> { ["flotilla.io/simulated"] = "true" },
        Containers = [new V1Container { Name = "main", Image = "pause", Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) } } }],
    };

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        await informers.StopAsync(default);
        await simulator.RemoveAsync(default);
        simulator.Dispose();
        informers.Dispose();
        client.Dispose();
        stop.Dispose();
    }
}
