using Flotilla.Client;
using Flotilla.Scheduler.Pipeline;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Writes the pod's node to the API.</summary>
public sealed class DefaultBinder(IObjectClient? client) : IBindPlugin
{
    public string Name => "DefaultBinder";

    public async Task<bool> BindAsync(SchedulingCycle cycle, string nodeName, CancellationToken cancellationToken)
    {
        var pod = cycle.Pod;
        var binding = new V1Binding
        {
            ApiVersion = "v1",
            Kind = "Binding",
            Metadata = new V1ObjectMeta { Name = pod.Key.Name, NamespaceProperty = pod.Namespace, Uid = pod.Uid },
            Target = new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = nodeName },
        };
        await (client ?? throw new InvalidOperationException("There is no cluster to bind in."))
            .PostAsync<V1Pod, V1Binding, V1Status>(pod.Key, "binding", binding, cancellationToken);
        return true;
    }
}
