using System.Globalization;
using System.Text;
using Flotilla.Api;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Batching;

/// <summary>What rules about single nodes read of a pod, as one text: pods with equal ones get equal answers.</summary>
public sealed class PodSignature
{
    private readonly StringBuilder text = new();

    // Lengths keep neighbours apart, whatever they contain.
    public void Add(string? value) => text.Append(CultureInfo.InvariantCulture, $"{value?.Length ?? -1}:{value};");

    public void Add(long value) => text.Append(CultureInfo.InvariantCulture, $"{value};");

    public void Add(Resources amounts) =>
        text.Append(CultureInfo.InvariantCulture, $"{amounts.MilliCpu}/{amounts.MemoryBytes}/{amounts.EphemeralStorageBytes};");

    public void Add(IList<V1Toleration> tolerations)
    {
        Add(tolerations.Count);
        foreach (var toleration in tolerations)
        {
            Add(toleration.Key);
            Add(toleration.OperatorProperty);
            Add(toleration.Value);
            Add(toleration.Effect);
        }
    }

    /// <summary>A part of the pod as JSON, for what is rare.</summary>
    public void AddObject<T>(T? value)
        where T : class => Add(value is null ? null : Encoding.UTF8.GetString(ObjectJson.Encode(value)));

    public override string ToString() => text.ToString();
}
