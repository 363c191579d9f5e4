using Flotilla.Api.Kinds;
using Flotilla.Server.Allocation;

namespace Flotilla.Server.Admission;

/// <summary>One admission plugin. It may change the object, or refuse by throwing an <see cref="Api.ApiException"/>.</summary>
public interface IAdmissionPlugin
{
    ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}

/// <summary>All admission plugins in order, and the allocation of addresses and ports, which comes last.</summary>
public sealed class AdmissionChain(IReadOnlyList<IAdmissionPlugin> plugins, ServiceAllocations allocations)
{
    /// <summary>Runs the plugins once, and once more when one of them asks for it.</summary>
    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        await MutateOnceAsync(request, cancellationToken);
        if (request.Reinvocation.IsWanted)
        {
            request.Reinvocation.Begin();
            await MutateOnceAsync(request, cancellationToken);
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in plugins)
        {
            await plugin.ValidateAsync(request, cancellationToken);
        }
    }

    /// <summary>For what is answered but not stored: connections, evictions, bindings, tokens, deletions.</summary>
    public async ValueTask ReviewAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        await MutateAsync(request, cancellationToken);
        await ValidateAsync(request, cancellationToken);
    }

    public ValueTask<Reservation> AllocateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return request.Kind == CoreKinds.Service && request.Subresource is null
            ? allocations.ReserveAsync(request.Object, request.Old, cancellationToken)
            : ValueTask.FromResult(Reservation.None);
    }

    private async ValueTask MutateOnceAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in plugins)
        {
            await plugin.MutateAsync(request, cancellationToken);
        }
    }
}
