using System.Text.Json;
using Flotilla.Api.Pods;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Templates;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>A task's Pod as its node runs it: templates that ask for the node are filled in, and named volumes lie where the node has its own. Other Pods stay as they are. Pure.</summary>
public static class TaskOnNode
{
    /// <param name="volumeDirectory">The node's own, of named volumes.</param>
    public static Func<V1Pod, V1Node, V1Pod> For(string volumeDirectory) => (pod, node) =>
        pod.GetLabel(SwarmApi.ServiceIdLabel) is null ? pod : WithVolumes(ValuesOf(pod) is { } values ? Fill(pod, node, values) : pod, volumeDirectory);

    private static V1Pod WithVolumes(V1Pod pod, string directory) => directory == SwarmOptions.UsualVolumeDirectory || pod.Spec.Volumes is null ? pod : pod with
    {
        Spec = pod.Spec with
        {
            Volumes = [.. pod.Spec.Volumes.Select(volume => volume.HostPath?.Path.StartsWith(SwarmOptions.UsualVolumeDirectory + "/", StringComparison.Ordinal) == true
                ? volume with { HostPath = volume.HostPath with { Path = directory + volume.HostPath.Path[SwarmOptions.UsualVolumeDirectory.Length..] } }
                : volume)],
        },
    };

    private static V1Pod Fill(V1Pod pod, V1Node node, TaskValues values)
    {
        var context = values.On(node);
        var hostname = pod.GetAnnotation(SwarmApi.Hostname) is { } template ? ObjectNames.Hostname(Fill(template, context)) : pod.Spec.Hostname;
        return pod with
        {
            Metadata = WithNamedVolumes(pod.Metadata, context),
            Spec = pod.Spec with
            {
                Hostname = hostname,
                Containers = [.. pod.Spec.Containers.Select(container => container with
                {
                    Env = container.Env is null ? null : [.. container.Env.Select(variable => variable.Value is null ? variable : variable with { Value = TaskContainer.Literal(Fill(TaskContainer.Unescaped(variable.Value), context)) })],
                    VolumeMounts = container.VolumeMounts is null ? null : [.. container.VolumeMounts.Select(mount => mount with { MountPath = Fill(mount.MountPath, context) })],
                })],
                Volumes = pod.Spec.Volumes is null ? null : [.. pod.Spec.Volumes.Select(volume => volume.HostPath is null ? volume : volume with { HostPath = volume.HostPath with { Path = Fill(volume.HostPath.Path, context) } })],
            },
        };
    }

    private static V1ObjectMeta WithNamedVolumes(V1ObjectMeta metadata, TemplateStruct context)
    {
        if (metadata.Annotations?.TryGetValue(PodAnnotations.NamedVolumes, out var text) != true || !TaskTemplates.AsksForNode(text!))
        {
            return metadata;
        }

        var filled = NamedVolume.Read(text!).ToDictionary(volume => volume.Key, volume => volume.Value with { Labels = Fill(volume.Value.Labels, context), Options = Fill(volume.Value.Options, context) }, StringComparer.Ordinal);
        return metadata with { Annotations = new Dictionary<string, string>(metadata.Annotations, StringComparer.Ordinal) { [PodAnnotations.NamedVolumes] = NamedVolume.Write(filled) } };
    }

    private static Dictionary<string, string>? Fill(IReadOnlyDictionary<string, string>? words, TemplateStruct context) =>
        words?.ToDictionary(word => word.Key, word => Fill(word.Value, context), StringComparer.Ordinal);

    /// <summary>null: it is no task, or nothing of it waits for its node.</summary>
    internal static TaskValues? ValuesOf(V1Pod pod)
    {
        if (pod.GetAnnotation(SwarmApi.ServiceLabels) is not { } text)
        {
            return null;
        }

        return new TaskValues(
            pod.GetLabel(SwarmApi.ServiceIdLabel) ?? "", pod.GetLabel(SwarmApi.ServiceNameLabel) ?? "", JsonSerializer.Deserialize<Dictionary<string, string>>(text) ?? [],
            pod.GetLabel(SwarmApi.TaskIdLabel) ?? "", pod.GetLabel(SwarmApi.Slot) ?? "");
    }

    private static string Fill(string text, TemplateStruct context)
    {
        try
        {
            return TaskTemplates.AsksForNode(text) ? GoTemplate.Parse(text).Execute(context) : text;
        }
        catch (TemplateException)
        {
            // It was tried when the service was made; what only this node makes wrong stays to be seen.
            return text;
        }
    }
}
