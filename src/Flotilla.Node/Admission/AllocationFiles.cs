using System.Text.Json;
using Flotilla.Api;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>What each pod has been given, in a file of its directory: a restarted agent must know it when the pod asks for something else.</summary>
internal sealed class AllocationFiles(NodeOptions options)
{
    private const string Name = "allocated.json";

    /// <returns>null: nothing is known.</returns>
    public Dictionary<string, V1ResourceRequirements>? Read(V1Pod pod)
    {
        try
        {
            return ObjectJson.Decode<Dictionary<string, V1ResourceRequirements>>(File.ReadAllBytes(PathOf(pod)));
        }
        catch (Exception missing) when (missing is IOException or JsonException)
        {
            return null;
        }
    }

    public void Write(V1Pod pod)
    {
        Directory.CreateDirectory(PodDirectories.Of(options, pod.Metadata.Uid));
        File.WriteAllBytes(PathOf(pod) + ".new", ObjectJson.Encode(Allocation.Of(pod)).ToArray());
        File.Move(PathOf(pod) + ".new", PathOf(pod), overwrite: true);
    }

    private string PathOf(V1Pod pod) => Path.Combine(PodDirectories.Of(options, pod.Metadata.Uid), Name);
}
