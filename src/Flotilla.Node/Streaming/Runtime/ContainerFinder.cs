using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Streaming.Runtime;

/// <summary>Finds the runtime's containers and sandboxes for what a client named.</summary>
internal sealed class ContainerFinder(CriClient runtime, Informer<V1Pod> pods)
{
    private const string PodName = "io.kubernetes.pod.name";
    private const string PodNamespace = "io.kubernetes.pod.namespace";
    private const string PodUid = "io.kubernetes.pod.uid";
    private const string ContainerName = "io.kubernetes.container.name";
    private const string DefaultContainer = "kubectl.kubernetes.io/default-container";

    public V1Pod Pod(PodTarget target) => pods.Get(new ObjectKey(target.Namespace, target.Pod))
        ?? throw Failure(404, "NotFound", $"pod \"{target.Pod}\" not found");

    public static string NameOf(PodTarget target, V1Pod pod) =>
        target.Container
        ?? (pod.Metadata.Annotations?.TryGetValue(DefaultContainer, out var name) == true ? name : pod.Spec.Containers[0].Name);

    /// <summary>All attempts of a container, the latest first.</summary>
    public async Task<List<Container>> AttemptsAsync(V1Pod pod, string container, CancellationToken cancellationToken)
    {
        var filter = new ContainerFilter
        {
            LabelSelector =
            {
                [PodNamespace] = pod.Metadata.NamespaceProperty,
                [PodName] = pod.Metadata.Name,
                [PodUid] = StaticPods.RuntimeUid(pod),
                [ContainerName] = container,
            },
        };
        var answer = await runtime.Runtime.ListContainersAsync(new ListContainersRequest { Filter = filter }, cancellationToken: cancellationToken);
        return [.. answer.Containers.OrderByDescending(attempt => attempt.CreatedAt)];
    }

    public async Task<string> RunningAsync(PodTarget target, CancellationToken cancellationToken)
    {
        var pod = Pod(target);
        var name = NameOf(target, pod);
        var attempts = await AttemptsAsync(pod, name, cancellationToken);
        return attempts.Find(attempt => attempt.State == ContainerState.ContainerRunning)?.Id
            ?? throw Failure(500, "InternalError", $"container not found (\"{name}\")");
    }

    public async Task<string> SandboxAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var filter = new PodSandboxFilter
        {
            State = new PodSandboxStateValue { State = PodSandboxState.SandboxReady },
            LabelSelector = { [PodUid] = StaticPods.RuntimeUid(pod) },
        };
        var answer = await runtime.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest { Filter = filter }, cancellationToken: cancellationToken);
        return answer.Items.MaxBy(sandbox => sandbox.CreatedAt)?.Id
            ?? throw Failure(500, "InternalError", $"pod \"{pod.Metadata.Name}\" is not running");
    }

    public static ApiException Failure(int code, string reason, string message) => new(new V1Status
    {
        ApiVersion = "v1",
        Kind = "Status",
        Status = "Failure",
        Code = code,
        Reason = reason,
        Message = message,
    });
}
