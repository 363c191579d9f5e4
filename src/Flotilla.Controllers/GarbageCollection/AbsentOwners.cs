using System.Collections.Concurrent;
using k8s.Models;

namespace Flotilla.Controllers.GarbageCollection;

/// <summary>
/// Owners that the API did not have when it was asked. A uid never comes back, so one answer serves all dependents of such
/// an owner. A reference that is wrong in anything but the uid is about another owner. Any thread may ask.
/// </summary>
internal sealed class AbsentOwners
{
    private const int MostKept = 500;
    private readonly ConcurrentDictionary<(string? Namespace, string ApiVersion, string Kind, string Name, string Uid), byte> known = [];

    public bool Has(string? ns, V1OwnerReference reference) => known.ContainsKey(KeyOf(ns, reference));

    public void Add(string? ns, V1OwnerReference reference)
    {
        if (known.Count >= MostKept)
        {
            known.Clear();
        }

        known[KeyOf(ns, reference)] = 0;
    }

    private static (string? Namespace, string ApiVersion, string Kind, string Name, string Uid) KeyOf(string? ns, V1OwnerReference reference) =>
        (ns, reference.ApiVersion, reference.Kind, reference.Name, reference.Uid);
}
