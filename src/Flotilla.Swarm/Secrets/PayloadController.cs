using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Services.Control;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Swarm.Tasks;
using Flotilla.Swarm.Templates;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Secrets;

/// <summary>
/// Fills in the secrets and configs that are templates, for every task that has them, as soon as it has a node: into a
/// Secret of the task's name, which goes with the task. The node waits for it as for any other.
/// </summary>
internal sealed class PayloadController : SwarmReconciler
{
    private readonly TaskWriter writer;

    public PayloadController(SwarmContext context, SwarmInformers known, ILogger logger)
        : base(context, known, "swarm-payload-controller", workers: 2, logger)
    {
        writer = new TaskWriter(context.Client, new RecentWrites<V1Pod>(known.Pods, context.Time));
        Known.Pods.Subscribe(change =>
        {
            if (change.New is { } pod && IsWaiting(pod))
            {
                Queue.Add(pod.Key());
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Known.Pods.Get(key) is not { } pod || !IsWaiting(pod) || Known.Nodes.Get(new ObjectKey(null, pod.Spec.NodeName)) is not { } node
            || TaskOnNode.ValuesOf(pod) is not { } values || SpecOf(pod) is not { } container)
        {
            return;
        }

        try
        {
            var data = PayloadTemplates.Fill(container, values, node, DataOf, Known.IsTemplate);
            await Context.Client.CreateAsync(SecretFor(pod, data), cancellationToken);
        }
        catch (TemplateException wrong)
        {
            await writer.RejectAsync([(TaskView.Read(pod, Known), wrong.Message)], cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // Of a run before.
        }
    }

    private static bool IsWaiting(V1Pod pod) => pod.Metadata.DeletionTimestamp is null && !string.IsNullOrEmpty(pod.Spec.NodeName)
        && pod.GetAnnotation(SwarmApi.Rendered) is not null && pod.Status?.Phase is null or "Pending";

    private static ContainerSpec? SpecOf(V1Pod pod) =>
        pod.GetAnnotation(SwarmApi.TaskSpec) is { } text ? TaskSpec.Read(text).ContainerSpec : null;

    private byte[]? DataOf(FileReference file) => file.ConfigID is null
        ? Known.Secrets.List().FirstOrDefault(secret => SwarmInformers.IdOf(secret) == file.Id)?.Data?[DataKey.Name]
        : Known.Configs.List().FirstOrDefault(config => SwarmInformers.IdOf(config) == file.Id) is { } found ? ConfigRoutes.Data(found) : null;

    private static V1Secret SecretFor(V1Pod pod, Dictionary<string, byte[]> data) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Metadata = new V1ObjectMeta
        {
            Name = pod.Metadata.Name,
            NamespaceProperty = pod.Metadata.NamespaceProperty,
            Labels = new Dictionary<string, string> { [SwarmApi.Managed] = "rendered" },
            OwnerReferences = [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid }],
        },
        Data = data,
    };
}
