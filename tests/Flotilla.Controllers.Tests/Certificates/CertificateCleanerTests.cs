using Flotilla.Controllers.Certificates;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Certificates;

public sealed class CertificateCleanerTests
{
    private static readonly DateTime Now = new(2026, 1, 2, 0, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(null, 23, false, false)]
    [InlineData(null, 25, false, true)]
    [InlineData("Denied", 0.9, false, false)]
    [InlineData("Denied", 1.1, false, true)]
    [InlineData("Failed", 1.1, false, true)]
    [InlineData("Approved", 1.1, false, false)]
    [InlineData("Approved", 1.1, true, true)]
    public void A_request_is_removed_when_it_has_served(string? decision, double hours, bool issued, bool due)
    {
        var time = Now.AddHours(-hours);
        var request = new V1CertificateSigningRequest
        {
            Metadata = new V1ObjectMeta { Name = "r", CreationTimestamp = time },
            Status = new V1CertificateSigningRequestStatus { Certificate = issued ? "not PEM"u8.ToArray() : null },
        };
        Assert.Equal(due, CertificateCleaner.IsDue(decision is null ? request : request.With(decision, "t", "t", time), Now));
    }
}
