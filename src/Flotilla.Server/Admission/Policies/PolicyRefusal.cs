using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Server.Admission.Policies;

/// <summary>What the client hears whom a policy refused: 403's words under the code of the rule's reason.</summary>
internal static class PolicyRefusal
{
    public static ApiException Of(AdmissionRequest request, string sort, PolicyCase refusing, string message, string reason)
    {
        var binding = refusing.Binding is { } named ? $" with binding '{named.Name}'" : "";
        var whole = $"{sort} '{refusing.Policy.Name}'{binding} denied request: {message}";
        var status = request.Forbidden(whole).Status;
        status.Reason = reason;
        status.Code = reason switch { "Unauthorized" => 401, "Forbidden" => 403, "RequestEntityTooLarge" => 413, _ => 422 };
        status.Details.Causes = [new V1StatusCause { Message = whole }];
        return new ApiException(status);
    }
}
