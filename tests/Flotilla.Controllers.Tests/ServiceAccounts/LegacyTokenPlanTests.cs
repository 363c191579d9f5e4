using Flotilla.Controllers.ServiceAccounts;
using k8s.Models;

namespace Flotilla.Controllers.Tests.ServiceAccounts;

public sealed class LegacyTokenPlanTests
{
    private static readonly DateTime Now = new(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("2024-01-01", null, null, false, "Invalidate")]
    [InlineData("2024-01-01", null, null, true, "Keep")]
    [InlineData("2026-01-01", null, null, false, "Keep")]
    [InlineData("2024-01-01", "2026-01-01", null, false, "Keep")]
    [InlineData("2024-01-01", "2025-01-01", "2026-01-01", false, "Keep")]
    [InlineData("2023-01-01", "2024-01-01", "2025-05-01", false, "Delete")]
    public void Tokens_nobody_uses_stop_working_and_go_a_year_later(string created, string? used, string? invalid, bool isMounted, string expected)
    {
        var labels = new Dictionary<string, string>();
        foreach (var (name, value) in new[] { ("last-used", used), ("invalid-since", invalid) })
        {
            if (value is not null)
            {
                labels[$"kubernetes.io/legacy-token-{name}"] = value;
            }
        }

        var secret = new V1Secret { Metadata = new V1ObjectMeta { CreationTimestamp = DateTime.Parse(created + "T00:00:00Z").ToUniversalTime(), Labels = labels } };
        Assert.Equal(expected, LegacyTokenPlan.For(secret, isMounted, TimeSpan.FromDays(365), Now).ToString());
    }
}
