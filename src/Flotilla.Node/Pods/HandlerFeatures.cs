using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;

namespace Flotilla.Node.Pods;

/// <summary>What the runtime can do for the pods that it runs by one of its handlers.</summary>
internal sealed class HandlerFeatures(CriClient runtime)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <param name="handler">Empty: the default one.</param>
    /// <returns>null: the runtime says nothing of it.</returns>
    /// <exception cref="Grpc.Core.RpcException">The runtime does not answer.</exception>
    public async Task<RuntimeHandlerFeatures?> OfAsync(string handler, CancellationToken cancellationToken)
    {
        var status = await runtime.Runtime.StatusAsync(new StatusRequest(), deadline: DateTime.UtcNow + Timeout, cancellationToken: cancellationToken);
        return status.RuntimeHandlers.FirstOrDefault(known => known.Name == handler)?.Features;
    }
}
