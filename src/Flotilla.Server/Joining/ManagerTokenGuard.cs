using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Client.Joining;
using Flotilla.Server.Admission;
using Flotilla.Server.Http;

namespace Flotilla.Server.Joining;

/// <summary>A manager token opens the cluster's keys, so that only administrators make or change one, whoever else may write Secrets.</summary>
public sealed class ManagerTokenGuard : IAdmissionPlugin
{
    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind == CoreKinds.Secret && request.Operation is AdmissionOperation.Create or AdmissionOperation.Update && request.Options.User is { IsMaster: false } user
            && request.Object.String("type") == TokenRole.Manager.Type)
        {
            var name = request.Object.Object("metadata").String("name") ?? "";
            throw Failures.Forbidden($"secrets \"{name}\" is forbidden: user \"{user.Name}\" may not make manager tokens: only the group system:masters may", "", "secrets", name);
        }

        return ValueTask.CompletedTask;
    }
}
