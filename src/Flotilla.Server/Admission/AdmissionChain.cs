using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Server.Allocation;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Admission;

public enum AdmissionOperation
{
    Create,
    Update,
    Delete,
}

/// <summary>A write on its way in. On delete, both objects are the present one.</summary>
public sealed record AdmissionRequest(Kind Kind, AdmissionOperation Operation, JsonObject Object, JsonObject? Old, WriteOptions Options)
{
    public string? Subresource { get; init; }
}

/// <summary>One admission plugin. It may change the object, or refuse by throwing an <see cref="Api.ApiException"/>.</summary>
public interface IAdmissionPlugin
{
    ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}

/// <summary>All admission plugins in order, and the allocation of addresses and ports, which comes last.</summary>
public sealed class AdmissionChain(IReadOnlyList<IAdmissionPlugin> plugins, ServiceAllocator allocator)
{
    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in plugins)
        {
            await plugin.MutateAsync(request, cancellationToken);
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in plugins)
        {
            await plugin.ValidateAsync(request, cancellationToken);
        }
    }

    public ValueTask<Reservation> AllocateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(request.Kind == CoreKinds.Service && request.Subresource is null
            ? allocator.Reserve(request.Object, request.Old)
            : Reservation.None);
    }

    /// <summary>An object is gone: what was allocated to it is free again.</summary>
    public void Released(Kind kind, JsonObject last)
    {
        if (kind == CoreKinds.Service)
        {
            allocator.Release(last);
        }
    }
}
