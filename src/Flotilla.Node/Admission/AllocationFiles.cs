using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>What each pod has been given, in a file of its directory: a restarted agent must know it when the pod asks for something else.</summary>
internal sealed class AllocationFiles(NodeOptions options)
{
    private const string Name = "allocated.json";

    /// <returns>null: nothing is known.</returns>
    public Dictionary<string, V1ResourceRequirements>? Read(V1Pod pod) => StateFile.Read<Dictionary<string, V1ResourceRequirements>>(PathOf(pod));

    public void Write(V1Pod pod) => StateFile.Write(PathOf(pod), Allocation.Of(pod));

    private string PathOf(V1Pod pod) => Path.Combine(PodDirectories.Of(options, pod.Metadata.Uid), Name);
}
