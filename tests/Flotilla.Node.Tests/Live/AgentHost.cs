using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Node.Tests.Live;

/// <summary>A node agent on the fixture's containerd with a cluster in memory. Ending it ends no container.</summary>
internal sealed class AgentHost : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly InformerSet informers;

    private AgentHost(NodeOptions options, MemoryClient cluster)
    {
        Cluster = cluster;
        informers = new InformerSet(cluster, TimeProvider.System, NullLoggerFactory.Instance);
        Agent = new NodeAgent(options, cluster, informers, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public MemoryClient Cluster { get; }

    public NodeAgent Agent { get; }

    public static async Task<AgentHost> StartAsync(NodeFixture node, MemoryClient? cluster = null, NodeOptions? options = null)
    {
        var host = new AgentHost(options ?? node.Options, cluster ?? new MemoryClient());
        await host.informers.StartAsync(CancellationToken.None);
        await host.Agent.StartAsync(CancellationToken.None);
        return host;
    }

    public static V1Pod Pod(string name, Action<V1PodSpec>? change = null, params string[] command)
    {
        var spec = new V1PodSpec
        {
            NodeName = "node-1",
            RestartPolicy = "Always",
            TerminationGracePeriodSeconds = 1,
            DnsPolicy = "ClusterFirst",
            Containers = [new V1Container { Name = "c", Image = "busybox:latest", ImagePullPolicy = "IfNotPresent", Command = command.Length > 0 ? command : ["sleep", "3600"] }],
        };
        change?.Invoke(spec);
        return new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = Guid.NewGuid().ToString(), Generation = 1, Labels = new Dictionary<string, string> { ["app"] = name } },
            Spec = spec,
            Status = new V1PodStatus { Phase = "Pending" },
        };
    }

    public V1Pod Create(V1Pod pod)
    {
        Cluster.Put(pod);
        return pod;
    }

    public void Delete(V1Pod pod, int graceSeconds)
    {
        var current = Get(pod)!;
        current.Metadata.DeletionTimestamp = DateTime.UtcNow.AddSeconds(graceSeconds);
        current.Metadata.DeletionGracePeriodSeconds = graceSeconds;
        Cluster.Put(current);
    }

    public V1Pod? Get(V1Pod pod) => Cluster.Find<V1Pod>(pod.Key());

    public async Task<V1Pod> UntilAsync(V1Pod pod, Func<V1Pod, bool> condition)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            var current = Get(pod);
            if (current is not null && condition(current))
            {
                return current;
            }
            Assert.True(DateTime.UtcNow < deadline, $"{pod.Metadata.Name}: {(current is null ? "gone" : System.Text.Encoding.UTF8.GetString(ObjectJson.Encode(current.Status)))}; events: {string.Join(" | ", Events(pod))}");
            await Task.Delay(10);
        }
    }

    public async Task UntilGoneAsync(V1Pod pod)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (Get(pod) is not null)
        {
            Assert.True(DateTime.UtcNow < deadline, $"{pod.Metadata.Name} is still there");
            await Task.Delay(10);
        }
    }

    public async Task RemoveAsync(V1Pod pod)
    {
        Delete(pod, 0);
        await UntilGoneAsync(pod);
    }

    public IEnumerable<string> Events(V1Pod pod) => Cluster.All<Corev1Event>()
        .Where(happening => happening.InvolvedObject.Uid == pod.Metadata.Uid)
        .Select(happening => $"{happening.Type} {happening.Reason} {happening.Message} {happening.InvolvedObject.FieldPath}".TrimEnd());

    public async ValueTask DisposeAsync()
    {
        await Agent.StopAsync(CancellationToken.None);
        await Agent.DisposeAsync();
        await informers.StopAsync(CancellationToken.None);
        informers.Dispose();
    }
}
