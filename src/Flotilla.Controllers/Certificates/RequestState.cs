using k8s.Models;

namespace Flotilla.Controllers.Certificates;

/// <summary>How far a signing request has come. Pure.</summary>
internal static class RequestState
{
    public static bool Has(this V1CertificateSigningRequest request, string type) =>
        request.Status?.Conditions?.Any(condition => condition.Type == type && condition.Status == "True") == true;

    public static bool IsIssued(this V1CertificateSigningRequest request) => request.Status?.Certificate is { Length: > 0 };

    public static V1CertificateSigningRequest With(this V1CertificateSigningRequest request, string type, string reason, string message, DateTime now)
    {
        var condition = new V1CertificateSigningRequestCondition { Type = type, Status = "True", Reason = reason, Message = message, LastUpdateTime = now };
        var status = request.Status ?? new V1CertificateSigningRequestStatus();
        return request with { Status = status with { Conditions = [.. status.Conditions ?? [], condition] } };
    }
}
