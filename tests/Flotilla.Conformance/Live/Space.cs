using System.Globalization;
using System.Text;
using Flotilla.EndToEnd.Tools;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Live;

/// <summary>A namespace for one test, with what a test does to pods. Waits are bounded; the namespace goes when the test ends.</summary>
internal sealed class Space : IAsyncDisposable
{
    private static int count;
    private readonly LiveCluster cluster;

    private Space(LiveCluster cluster, string name)
    {
        this.cluster = cluster;
        Name = name;
    }

    public string Name { get; }

    public Kubernetes Client => cluster.Client;

    public static async Task<Space> CreateAsync(LiveCluster cluster, IDictionary<string, string>? labels = null)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"conformance-{Interlocked.Increment(ref count)}");
        await cluster.Client.CoreV1.CreateNamespaceAsync(
            new V1Namespace { Metadata = new V1ObjectMeta { Name = name, Labels = labels } });
        return new Space(cluster, name);
    }

    /// <summary>Creates what a manifest of one or more documents holds, with kubectl.</summary>
    public async Task ApplyAsync(string yaml) =>
        (await cluster.KubectlAsync(35, yaml, "-n", Name, "apply", "-f", "-")).Success();

    public Task<CommandOutput> KubectlAsync(params string[] arguments) => cluster.KubectlAsync(["-n", Name, .. arguments]);

    /// <summary>Creates a pod from its manifest. Without a grace period of its own it is stopped at once.</summary>
    public async Task<V1Pod> CreatePodAsync(string yaml)
    {
        var pod = KubernetesYaml.Deserialize<V1Pod>(yaml);
        pod.Spec.TerminationGracePeriodSeconds ??= 0;
        return await Client.CoreV1.CreateNamespacedPodAsync(pod, Name);
    }

    public Task<V1Pod> PodAsync(string name) => Client.CoreV1.ReadNamespacedPodAsync(name, Name);

    /// <summary>A pod once it has the state asked for.</summary>
    public Task<V1Pod> PodAsync(string name, Func<V1Pod, bool> isRight, int seconds = 60) =>
        Eventually.GetAsync(() => PodAsync(name), isRight, seconds);

    public Task<V1Pod> ReadyPodAsync(string name, int seconds = 60) =>
        PodAsync(name, pod => pod.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true, seconds);

    /// <summary>A pod that has Succeeded or Failed.</summary>
    public Task<V1Pod> EndedPodAsync(string name, int seconds = 60) =>
        PodAsync(name, pod => pod.Status.Phase is "Succeeded" or "Failed", seconds);

    /// <summary>Runs a pod to its successful end and returns what (one of) its containers wrote.</summary>
    public async Task<string> OutputAsync(string yaml, string? container = null, int seconds = 60)
    {
        var name = (await CreatePodAsync(yaml)).Metadata.Name;
        var pod = await EndedPodAsync(name, seconds);
        Assert.True(pod.Status.ContainerStatuses is not null, $"{name} is {pod.Status.Phase} and never ran: {pod.Status.Reason}: {pod.Status.Message}");
        var log = await LogAsync(name, container ?? pod.Spec.Containers[0].Name);
        Assert.True(string.Equals(pod.Status.Phase, "Succeeded", StringComparison.Ordinal), $"{name} is {pod.Status.Phase}: {log}");
        return log;
    }

    public async Task<string> LogAsync(string pod, string? container = null)
    {
        await using var stream = await Client.CoreV1.ReadNamespacedPodLogAsync(pod, Name, container: container);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    /// <summary>A container's log once it contains a text.</summary>
    public Task<string> LogAsync(string pod, string? container, string text, int seconds = 60) =>
        Eventually.ContainsAsync(() => LogAsync(pod, container), text, seconds);

    /// <summary>What a shell command in a running container writes; it must end with 0.</summary>
    public async Task<string> ShellAsync(string pod, string command, string? container = null)
    {
        var running = await PodAsync(pod);
        var output = new StringBuilder();
        var code = await Client.NamespacedPodExecAsync(
            pod, Name, container ?? running.Spec.Containers[0].Name, ["sh", "-c", command], tty: false,
            async (_, standard, error) =>
            {
                output.Append(await new StreamReader(standard).ReadToEndAsync());
                output.Append(await new StreamReader(error).ReadToEndAsync());
            },
            CancellationToken.None);
        Assert.True(code == 0, $"{command}: exit code {code}: {output}");
        return output.ToString();
    }

    /// <summary>Events about an object, by name.</summary>
    public async Task<IList<Corev1Event>> EventsAsync(string name) =>
        (await Client.CoreV1.ListNamespacedEventAsync(Name, fieldSelector: $"involvedObject.name={name}")).Items;

    /// <summary>An event of a reason about an object, once there is one.</summary>
    public async Task<Corev1Event> EventAsync(string name, string reason, int seconds = 60) =>
        (await Eventually.GetAsync(
            async () => (await EventsAsync(name)).FirstOrDefault(found => string.Equals(found.Reason, reason, StringComparison.Ordinal)),
            found => found is not null,
            seconds))!;

    public Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> isRight, int seconds = 60) => Eventually.GetAsync(read, isRight, seconds);

    public async ValueTask DisposeAsync() => await Client.CoreV1.DeleteNamespaceAsync(Name);
}
