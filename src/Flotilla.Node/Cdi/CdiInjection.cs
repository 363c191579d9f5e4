using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Pods;
using Grpc.Core;

namespace Flotilla.Node.Cdi;

/// <summary>
/// Devices of the Container Device Interface in containers. A runtime that knows it is told their names; for one that does
/// not (containerd before 1.7) the agent itself does what the devices' files say.
/// </summary>
internal sealed class CdiInjection(CriClient runtime, CdiRegistry registry)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <exception cref="ContainerException">A device cannot be had.</exception>
    public async Task ApplyAsync(ContainerConfig config, CancellationToken cancellationToken)
    {
        if (config.CDIDevices.Count == 0 || await IsKnownToRuntimeAsync(cancellationToken))
        {
            return;
        }
        try
        {
            foreach (var edits in registry.Find([.. config.CDIDevices.Select(device => device.Name)]))
            {
                CdiEdit.Apply(config, edits);
            }
            config.CDIDevices.Clear();
        }
        catch (CdiException failure)
        {
            throw new ContainerException("CreateContainerError", $"CDI device injection failed: {failure.Message}", failure);
        }
    }

    private async Task<bool> IsKnownToRuntimeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var version = await runtime.Runtime.VersionAsync(new VersionRequest(), deadline: DateTime.UtcNow + Timeout, cancellationToken: cancellationToken);
            var status = await runtime.Runtime.StatusAsync(new StatusRequest { Verbose = true }, deadline: DateTime.UtcNow + Timeout, cancellationToken: cancellationToken);
            return CdiSupport.Of(version.RuntimeName, status.Info);
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ContainerException("CreateContainerError", failure.Status.Detail, failure);
        }
    }
}
