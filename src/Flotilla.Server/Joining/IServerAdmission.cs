using Flotilla.Client.Joining;

namespace Flotilla.Server.Joining;

/// <summary>What the cluster does for a server whose token holds; the composition knows.</summary>
public interface IServerAdmission
{
    /// <param name="isNode">It has proved to be the node of its name.</param>
    /// <returns>All it needs to serve, keys among it, as JSON.</returns>
    /// <exception cref="Api.ApiException">It cannot be, with the reason.</exception>
    Task<byte[]> AdmitAsync(JoiningServer server, bool isNode, CancellationToken cancellationToken);
}
