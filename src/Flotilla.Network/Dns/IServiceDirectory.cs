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

    IReadOnlyList<V1EndpointSlice> Slices(ObjectKey service);

    IReadOnlyList<V1Service> ServicesAt(IPAddress clusterAddress);

    IReadOnlyList<V1EndpointSlice> SlicesWith(IPAddress endpointAddress);
}
