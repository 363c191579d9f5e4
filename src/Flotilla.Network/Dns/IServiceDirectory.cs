using System.Net;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Network.Dns;

/// <summary>What cluster DNS needs to know of the cluster, as of now.</summary>
public interface IServiceDirectory
{
    /// <summary>False until the cluster has been read once: an absent name then means nothing yet.</summary>
    bool IsReady { get; }

    bool HasNamespace(string name);

    V1Service? Service(ObjectKey key);

    /// <param name="name">Relative to the cluster's domain, in lower case: one that a service asked for besides its own.</param>
    V1Service? ServiceNamed(string name);

    IReadOnlyList<V1EndpointSlice> Slices(ObjectKey service);

    IReadOnlyList<V1Service> ServicesAt(IPAddress clusterAddress);

    IReadOnlyList<V1EndpointSlice> SlicesWith(IPAddress endpointAddress);
}
