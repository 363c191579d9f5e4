using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Services;

namespace Flotilla.Server.Admission.Networking;

/// <summary>
/// What a Service may have beyond upstream's reaches further than its namespace: ports of the nodes that are the machines'
/// own, and names that others ask for. Only administrators and the system itself give it, or change the ports of one that has it.
/// </summary>
internal sealed class ServicePrivileges : IAdmissionPlugin
{
    private static readonly string[] Privileged = [ServiceAnnotations.AnyNodePort, ServiceAnnotations.DnsNames];

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.User.IsMaster || !(request.IsCreateOf(CoreKinds.Service) || request.IsUpdateOf(CoreKinds.Service)))
        {
            return ValueTask.CompletedTask;
        }

        foreach (var name in Privileged)
        {
            if (ValueOf(request.Object, name) is { } value && value != ValueOf(request.Old, name))
            {
                throw request.Forbidden($"the annotation {name} is for members of system:masters");
            }
        }

        if (ValueOf(request.Object, ServiceAnnotations.AnyNodePort) is not null && PortsOf(request.Object).Except(PortsOf(request.Old)).Any())
        {
            throw request.Forbidden($"node ports of a service with the annotation {ServiceAnnotations.AnyNodePort} are for members of system:masters");
        }

        return ValueTask.CompletedTask;
    }

    private static string? ValueOf(JsonObject? service, string annotation) => service?.Object("metadata").Object("annotations").String(annotation);

    private static IEnumerable<long?> PortsOf(JsonObject? service) =>
        service?.Object("spec").Objects("ports").Select(port => port.Integer("nodePort")).Where(port => port > 0) ?? [];
}
